"""Plans: from a brief to a campaign plan whose every number has a basis."""

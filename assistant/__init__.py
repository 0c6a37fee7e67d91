"""DP Assistant: proven answers for Douyin e-commerce service providers."""

/* Keeps the page's state (conversation in the address, language and look in the browser's storage),
   turns clicks and keys into events for the server, and shows the source panel. It never builds
   HTML from text: everything drawn comes escaped from the server. */
(() => {
  "use strict";
  const root = document.documentElement;
  const storage = {
    get: (name) => { try { return localStorage.getItem("assistant." + name); } catch { return null; } },
    set: (name, value) => { try { localStorage.setItem("assistant." + name, value); } catch { /* private mode: the choice lasts for this page */ } },
  };
  const chosen = {};
  const find = (selector, from = document) => from.querySelector(selector);

  // -- look and language ----------------------------------------------------------------------

  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => {
    const theme = chosen.theme || storage.get("theme");
    return theme ? theme === "dark" : system.matches;
  };
  const applyTheme = () => {
    root.dataset.theme = isDark() ? "dark" : "light";
    document.body?.classList.toggle("dark", isDark());
  };
  system.addEventListener("change", applyTheme);
  window.addEventListener("storage", (event) => { if (event.key === "assistant.theme") applyTheme(); });
  applyTheme();

  const language = () => {
    const known = chosen.language || storage.get("language");
    if (known === "zh" || known === "en") return known;
    return (navigator.language || "zh").toLowerCase().startsWith("zh") ? "zh" : "en";
  };
  const keepLanguage = () => { document.cookie = "language=" + language() + "; path=/; max-age=31536000; samesite=lax"; };
  keepLanguage();
  const texts = () => JSON.parse(find("#texts")?.dataset.texts || "{}");
  const text = (key) => texts()[key] || "";

  // -- state that goes with every event --------------------------------------------------------

  const RELEASE_MS = 1500;
  const SIGN_MS = 20000;
  let trigger = null;
  let ticket = "";
  let moving = "";
  let next = null;
  let editing = null;
  let connected = false;
  const conversation = () => new URLSearchParams(location.search).get("c") || "";
  const address = (id) => (id ? "/?c=" + encodeURIComponent(id) : "/");
  const context = () => ({ language: language(), conversation: conversation(), search: find("#search")?.value || "" });
  const send = (event, more = {}) => trigger && trigger(event, { ...context(), ...more });
  const newTicket = () => Math.random().toString(36).slice(2, 10);
  const isBusy = () => ticket !== "";

  const box = () => find("#question");
  const resize = () => {
    const area = box();
    if (!area) return;
    area.style.height = "auto";
    area.style.height = Math.min(area.scrollHeight, 220) + "px";
  };

  function complain(message) {
    const problem = find(".composer .problem");
    problem.textContent = message;
    problem.hidden = !message;
  }

  function ask(question, more = {}) {
    const asked = question.trim();
    if (!asked || (isBusy() && !isDrawn)) return false;
    if (isBusy()) { next = [asked, more]; return true; }
    ticket = moving = newTicket();
    isDrawn = isReleased = false;
    watch(ticket, asked);
    chosen.asked = asked;
    document.body.classList.add("busy");
    closeRail();
    send("submit", { question: asked, ticket, ...more });
    window.scrollTo({ top: document.body.scrollHeight });
    return true;
  }

  function submit() {
    const area = box();
    const form = find(".composer");
    const limit = Number(form.dataset.limit);
    if (area.value.trim().length > limit) {
      complain(form.dataset.tooLong.replace("{count}", area.value.trim().length));
      return;
    }
    complain("");
    const more = editing === null ? {} : { keep: editing };
    if (ask(area.value, more)) { area.value = ""; stopEditing(); resize(); }
  }

  function stopEditing() {
    editing = null;
    const note = find(".composer .editing");
    if (note) note.hidden = true;
  }

  function edit(position, question) {
    editing = position;
    find(".composer .editing").hidden = false;
    box().value = question;
    resize();
    box().focus();
  }

  function finished() {
    ticket = "";
    document.body.classList.remove("busy");
    if (next) { const waiting = next; next = null; ask(...waiting); return; }
    // The language was switched while the answer was on its way.
    if (find("#texts") && find("#texts").dataset.language !== language()) send("apply", { ticket: "" });
  }

  // A question of which the server shows no sign goes back into the box, so that it is not lost.
  function watch(mine, question) {
    setTimeout(() => {
      const { busy, done } = find("#live .live")?.dataset || {};
      if (ticket !== mine || busy === mine || done === mine) return;
      finished();
      complain(text("answer.failed"));
      if (box() && !box().value) { box().value = question; resize(); }
    }, SIGN_MS);
  }

  function stop() {
    if (!isBusy()) return;
    send("stop", { question: chosen.asked, ticket });
    finished();
  }

  function go(id, push = true) {
    next = null;
    if (isBusy()) stop();
    moving = "";
    if (push) history.pushState({}, "", address(id));
    stopEditing();
    closeRail();
    send("select", { ticket: "" });
    box()?.focus();
  }

  // -- what the server has drawn ---------------------------------------------------------------

  const remembered = new Set();
  const announcer = () => {
    let place = find("#announcer");
    if (!place) {
      place = document.createElement("div");
      place.id = "announcer";
      place.setAttribute("role", "status");
      place.setAttribute("aria-live", "polite");
      document.body.append(place);
    }
    return place;
  };

  function announce(message) { announcer().textContent = message; }

  function afterAnswer() {
    const last = [...document.querySelectorAll("#thread article.answer")].pop();
    const said = find(".prose-text", last || document)?.textContent || "";
    announce(text("answer.announced") + " " + said);
    const asked = [...document.querySelectorAll("#thread .asked")].pop();
    asked?.scrollIntoView({ block: "start" });
  }

  // Only an answer to the question just asked may change the address: what is drawn may otherwise
  // be older than where the reader has gone meanwhile.
  function syncAddress() {
    const { busy, done } = find("#live .live")?.dataset || {};
    const thread = find("#thread .thread");
    if (!thread || !moving || (busy !== moving && done !== moving)) return;
    const id = thread.dataset.conversation;
    if (id !== conversation()) history.replaceState({}, "", address(id));
    if (done === moving) moving = "";
  }

  // Whether the answer stands (drawn) and whether Gradio has let go of it (released).
  let isDrawn = false;
  let isReleased = false;
  function syncBusy() {
    if (!ticket || find("#live .live")?.dataset.done !== ticket || isDrawn) return;
    isDrawn = true;
    const failed = find("#live .failed");
    if (failed) announce(failed.textContent); else afterAnswer();
    if (isReleased) { finished(); return; }
    const mine = ticket;
    setTimeout(() => { if (ticket === mine) finished(); }, RELEASE_MS);
  }

  function ended() {
    isReleased = true;
    if (isDrawn) finished();
  }

  function syncLanguage() {
    const drawn = find("#texts");
    if (!drawn) return;
    root.lang = drawn.dataset.language === "zh" ? "zh-CN" : "en";
    if (document.title !== drawn.dataset.title) document.title = drawn.dataset.title;
  }

  function syncDetails() {
    for (const details of document.querySelectorAll("details[data-remember]")) {
      const key = conversation() + details.dataset.remember;
      if (remembered.has(key) && !details.open) details.open = true;
    }
  }

  let waiting = false;
  function drawn() {
    waiting = false;
    syncAddress();
    syncBusy();
    syncLanguage();
    syncDetails();
    if (find(".toast-wrap .toast-body")) offline(true);
    if (isBusy() && find("#live .draft")) find("#live .draft").scrollIntoView({ block: "nearest" });
  }

  new MutationObserver(() => {
    if (!waiting) { waiting = true; requestAnimationFrame(drawn); }
  }).observe(root, { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ["data-done", "data-conversation", "data-texts"] });

  // -- lost connection -------------------------------------------------------------------------

  async function offline(certain = false) {
    const alive = await fetch("/alive", { cache: "no-store" }).then((r) => r.ok, () => false);
    let banner = find("#offline");
    if (alive) { banner?.remove(); if (certain) finished(); return; }
    finished();
    if (banner) return;
    banner = document.createElement("div");
    banner.id = "offline";
    banner.setAttribute("role", "alert");
    const words = document.createElement("span");
    words.textContent = text("app.offline");
    const reload = document.createElement("button");
    reload.type = "button";
    reload.className = "button";
    reload.textContent = text("app.reload");
    reload.addEventListener("click", () => location.reload());
    banner.append(words, reload);
    document.body.append(banner);
  }

  setInterval(() => {
    if (!connected) return;
    if (find("[data-warming]")) send("tick");
    if (isBusy() || find("#offline")) offline();
  }, 2000);

  // -- source panel ----------------------------------------------------------------------------

  let opener = null;
  function panel() {
    let place = find("#panel");
    if (place) return place;
    place = document.createElement("aside");
    place.id = "panel";
    place.hidden = true;
    place.tabIndex = -1;
    const bar = document.createElement("div");
    bar.className = "panel-bar";
    const title = document.createElement("strong");
    const tab = document.createElement("a");
    tab.target = "_blank";
    tab.rel = "noopener";
    tab.className = "button quiet-button";
    const close = document.createElement("button");
    close.type = "button";
    close.className = "icon-button close";
    close.addEventListener("click", closePanel);
    bar.append(title, tab, close);
    const body = document.createElement("div");
    body.className = "panel-body";
    place.append(bar, body);
    document.body.append(place);
    return place;
  }

  async function openPanel(link) {
    const place = panel();
    if (!place.contains(link)) opener = link;
    const target = new URL(link.href, location.href);
    target.searchParams.set("language", language());
    place.setAttribute("aria-label", text("source.panel"));
    find(".panel-bar strong", place).textContent = text("source.panel");
    const tab = find(".panel-bar a", place);
    tab.textContent = text("source.new_tab");
    tab.href = target;
    const close = find(".panel-bar .close", place);
    close.setAttribute("aria-label", text("app.close"));
    close.title = text("app.close");
    place.hidden = false;
    document.body.classList.add("panel-open");
    markActive(link);
    const body = find(".panel-body", place);
    body.textContent = text("source.loading");
    target.searchParams.set("panel", "true");
    try {
      const answer = await fetch(target, { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      body.innerHTML = await answer.text();
    } catch {
      body.textContent = text("source.failed");
    }
    place.focus();
    body.scrollTop = 0;
    const quote = find("#quote", body);
    if (quote && quote.getBoundingClientRect().bottom > window.innerHeight - 40) quote.scrollIntoView({ block: "center" });
  }

  function markActive(link) {
    for (const old of document.querySelectorAll("[data-source].active")) old.classList.remove("active");
    const same = link.getAttribute("href");
    for (const one of document.querySelectorAll("#thread [data-source], #content [data-source]")) {
      if (one.getAttribute("href") === same) one.classList.add("active");
    }
  }

  function closePanel() {
    const place = find("#panel");
    if (!place || place.hidden) return false;
    place.hidden = true;
    document.body.classList.remove("panel-open");
    for (const old of document.querySelectorAll("[data-source].active")) old.classList.remove("active");
    if (opener?.isConnected) opener.focus(); else box()?.focus();
    return true;
  }

  const openRail = () => { document.body.classList.add("rail-open"); find("#search")?.focus({ preventScroll: true }); };
  const closeRail = () => document.body.classList.remove("rail-open");

  // -- dialogs ---------------------------------------------------------------------------------

  function rename(button) {
    const dialog = find("dialog#rename");
    const field = find("input", dialog);
    field.value = button.dataset.titleNow;
    find("form", dialog).onsubmit = () => send("edit", { conversation: button.dataset.rename, title: field.value, current: conversation() });
    dialog.showModal();
    field.select();
  }

  function remove(button) {
    const dialog = find("dialog#delete");
    find("p", dialog).textContent = button.dataset.warning;
    find("form", dialog).onsubmit = () => {
      const id = button.dataset.delete;
      const current = conversation() === id ? "" : conversation();
      if (!current) { if (isBusy()) stop(); moving = ""; history.replaceState({}, "", address("")); }
      send("delete", { conversation: id, current, ticket: "" });
    };
    dialog.showModal();
  }

  // -- copying ---------------------------------------------------------------------------------

  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      const area = document.createElement("textarea");
      area.value = button.dataset.copy;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    confirmOn(button);
  }

  function confirmOn(button) {
    button.classList.add("done");
    announce(button.dataset.done);
    button.dataset.tip = button.dataset.done;
    setTimeout(() => { button.classList.remove("done"); delete button.dataset.tip; }, 1600);
  }

  // -- clicks and keys -------------------------------------------------------------------------

  const actions = {
    "[data-source]": (link, event) => { if (event.ctrlKey || event.metaKey) return; event.preventDefault(); openPanel(link); },
    "[data-ask]": (button) => { stopEditing(); ask(button.dataset.ask); },
    "[data-open]": (link, event) => { if (event.ctrlKey || event.metaKey) return; event.preventDefault(); go(link.dataset.open); },
    "[data-new]": () => go(""),
    "[data-edit]": (button) => edit(Number(button.dataset.edit), button.dataset.question),
    "[data-retry]": (button) => ask(button.dataset.question, { keep: Number(button.dataset.retry) }),
    "[data-cancel-edit]": () => { stopEditing(); box().value = ""; resize(); },
    "[data-stop]": () => stop(),
    "[data-copy]": (button) => copy(button),
    "[data-rename]": (button) => trigger && rename(button),
    "[data-delete]": (button) => trigger && remove(button),
    "[data-dismiss]": (button) => button.closest("dialog").close(),
    "[data-rail]": (button) => (button.dataset.rail === "open" ? openRail() : closeRail()),
    "[data-language]": (button) => {
      if (button.id === "texts") return;
      chosen.language = button.dataset.language;
      storage.set("language", chosen.language);
      keepLanguage();
      closePanel();
      // The working pages are drawn by the server: it reads the language from the cookie.
      if (!trigger) { location.reload(); return; }
      if (!isBusy()) send("apply", { ticket: "" });
    },
    "[data-theme-switch]": () => { chosen.theme = isDark() ? "light" : "dark"; storage.set("theme", chosen.theme); applyTheme(); },
    "[data-verdict]": (button) => {
      for (const other of button.parentElement.querySelectorAll("[data-verdict]")) other.setAttribute("aria-pressed", String(other === button));
      send("like", { position: Number(button.dataset.at), verdict: button.dataset.verdict });
      confirmOn(button);
    },
  };

  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    if (document.body.classList.contains("rail-open") && !event.target.closest("#rail, #top")) closeRail();
    for (const [selector, act] of Object.entries(actions)) {
      const hit = event.target.closest(selector);
      if (hit) { act(hit, event); return; }
    }
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.matches(".composer")) return;
    event.preventDefault();
    submit();
  });

  document.addEventListener("toggle", (event) => {
    const details = event.target;
    if (!details.dataset?.remember) return;
    const key = conversation() + details.dataset.remember;
    if (details.open) remembered.add(key); else if (details.isConnected) remembered.delete(key);
  }, true);

  let searching = 0;
  document.addEventListener("input", (event) => {
    if (event.target.id === "question") { resize(); complain(""); }
    if (event.target.id !== "search") return;
    clearTimeout(searching);
    searching = setTimeout(() => send("input"), 200);
  });

  document.addEventListener("keydown", (event) => {
    const inField = event.target.closest?.("input, textarea, select, [contenteditable]");
    // Enter chooses a word while a Chinese input method is composing; then it must not send.
    if (event.target.id === "question" && event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape" && !find("dialog[open]")) {
      if (!closePanel()) { closeRail(); if (editing !== null) { stopEditing(); box().value = ""; resize(); } }
    } else if (event.key === "/" && !inField && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      box()?.focus();
    } else if (event.key === " " && event.target.matches?.(".chip")) {
      event.preventDefault();
      event.target.click();
    }
  });

  window.addEventListener("popstate", () => go(conversation(), false));

  window.assistantPage = {
    ended,
    connect(raise) {
      trigger = raise;
      connected = true;
      applyTheme();
      send("apply");
    },
  };

  if (document.currentScript) {
    document.addEventListener("DOMContentLoaded", () => {
      applyTheme();
      if (document.body.classList.contains("source-page")) find("#quote")?.scrollIntoView({ block: "center" });
    });
  }
})();

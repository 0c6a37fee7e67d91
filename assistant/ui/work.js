/* The working pages: sends forms to the server and puts the HTML that comes back in its place, shows
   where a number comes from, draws charts. It never builds HTML from text: what it swaps in comes
   escaped from the server, everything else is set as text.

   data-post="/address"   on a form or button: send the fields of its form and data-more (JSON)
   data-target="#id"      where the answer goes (default: #content)
   data-live="/address"   on a form: send it quietly after each change; the answer goes to
                          data-live-target, if there is one
   data-of-work           its addresses get the id of the work that was begun by filling the form
   data-file              on a link: fetch the file first, so that a failure is told on the page
   <template data-swap="selector">  in an answer: its content goes there, outside of the target
   data-confirm="text"    ask first */
(() => {
  "use strict";
  const find = (selector, from = document) => from.querySelector(selector);
  const texts = () => JSON.parse(find("#texts")?.dataset.texts || "{}");
  const text = (key) => texts()[key] || "";
  const content = () => find("#content");

  // -- fields and requests ---------------------------------------------------------------------

  function fields(form) {
    const values = {};
    if (!form) return values;
    for (const [name, value] of new FormData(form)) {
      if (typeof value !== "string") continue;
      if (name.endsWith("[]")) (values[name.slice(0, -2)] ||= []).push(value);
      else values[name] = value;
    }
    return values;
  }

  async function post(address, values) {
    const body = JSON.stringify(values);
    const answer = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Requested-With": "work" },
      body,
      // A save is finished although the reader leaves; browsers allow this for 64 KB.
      keepalive: body.length < 16_000,
    });
    const html = await answer.text();
    if (answer.status >= 500) throw new Error(String(answer.status));
    return { html, headers: answer.headers, ok: answer.ok };
  }

  // Where the reader is: the focused element or, without one, how far the page is scrolled.
  function whereabouts() {
    const at = document.activeElement;
    const name = at?.id || at?.dataset?.value || "";
    if (!name || at === document.body) return { name: "", scroll: window.scrollY };
    const like = at.id ? [at] : [...document.querySelectorAll('[data-value="' + CSS.escape(name) + '"]')];
    return { name, isId: Boolean(at.id), place: like.indexOf(at), top: at.getBoundingClientRect().top, scroll: window.scrollY };
  }

  function goBack(was) {
    window.scrollTo({ top: was.scroll, behavior: "instant" });
    if (!was.name) return;
    const like = was.isId ? [document.getElementById(was.name)] : [...document.querySelectorAll('[data-value="' + CSS.escape(was.name) + '"]')];
    const again = like[Math.min(was.place, like.length - 1)];
    if (!again) return;
    again.focus({ preventScroll: true });
    // What stands above may have grown: the element itself stays where it was on the screen.
    if (was.top > 0 && was.top < window.innerHeight) window.scrollBy({ top: again.getBoundingClientRect().top - was.top, behavior: "instant" });
  }

  const numbersIn = (target) => new Map([...target.querySelectorAll("button[data-value]")].map((one) => [one.dataset.value, one.textContent]));

  // Marks the numbers that are not what they were, and counts them.
  function mark(target, before) {
    if (!before.size) return 0;
    const changed = new Set();
    for (const one of target.querySelectorAll("button[data-value]")) {
      const old = before.get(one.dataset.value);
      if (old === undefined || old === one.textContent) continue;
      one.classList.add("changed");
      changed.add(one.dataset.value);
    }
    return changed.size;
  }

  function place(target, html) {
    // What the reader has open or focused stays so when the same part is drawn again.
    const was = whereabouts();
    const open = [...target.querySelectorAll("details[open] > summary")].map((one) => one.textContent);
    const before = numbersIn(target);
    target.innerHTML = html;
    swap(target);
    for (const one of target.querySelectorAll("details > summary")) if (open.includes(one.textContent)) one.parentElement.open = true;
    drawCharts(target);
    goBack(was);
    return mark(target, before);
  }

  // Puts what belongs outside of the target (the rail, the title) in its place.
  function swap(target) {
    for (const part of target.querySelectorAll("template[data-swap]")) {
      find(part.dataset.swap)?.replaceChildren(part.content);
      part.remove();
    }
    const title = find("#top h1")?.textContent;
    if (title && text("app.name")) document.title = title + " · " + text("app.name");
  }

  // A problem stands above the content until something succeeds; what is on the page stays.
  function notice(html) {
    find("#notice")?.remove();
    if (!html) return;
    const box = document.createElement("div");
    box.id = "notice";
    box.innerHTML = html;
    content().prepend(box);
  }

  function noticeText(message) {
    const line = document.createElement("p");
    line.className = "remark";
    line.setAttribute("role", "alert");
    line.textContent = message;
    notice(line.outerHTML);
  }

  function tell(message, isBad = false) {
    const line = find(".saving");
    if (!line) return;
    line.textContent = message;
    line.style.color = isBad ? "var(--bad)" : "";
  }

  // Requests go one after another: each is about what the one before has made.
  let running = 0;
  let line = Promise.resolve();
  function send(source, address, values) {
    // What is sent contains what a waiting save would have kept; one under way ends first.
    clearTimeout(timer);
    unsaved = null;
    running += 1;
    content().setAttribute("aria-busy", "true");
    const button = source.matches("button") ? source : source.matches("form") && find("button[type=submit]", source);
    if (button) button.disabled = true;
    const done = line.then(() => saving).then(() => exchange(source, begun(source, address), values)).catch(() => {
      const form = source.closest("form");
      if (form?.dataset.live) unsaved = form;
      tell(text("work.failed"), true);
      noticeText(text("work.failed"));
      return false;
    }).finally(() => {
      running -= 1;
      if (!running) content().removeAttribute("aria-busy");
      if (button) button.disabled = false;
    });
    line = done;
    return done;
  }

  // A save that was under way may have begun the work to which the form now belongs.
  function begun(source, address) {
    const id = new URLSearchParams(location.search).get("id");
    const isOfWork = "ofWork" in source.dataset || source.closest?.("[data-of-work]");
    return isOfWork && id && !address.includes("?") ? address + "?id=" + encodeURIComponent(id) : address;
  }

  // Sends and shows the answer; false when it was a problem.
  async function exchange(source, address, values) {
    const { html, headers, ok } = await post(address, values);
    const told = decodeURIComponent(headers.get("X-Told") || "");
    if (headers.get("X-Problem")) { notice(html); tell(told); find("#notice").scrollIntoView({ block: "nearest" }); return false; }
    notice("");
    const location_ = headers.get("X-Location");
    if (location_ && headers.get("X-Whole") === "1") { window.location.assign(location_); return true; }
    if (location_ && location_ !== location.pathname + location.search) { history.pushState({}, "", location_); shown = here(); }
    const target = find(source.dataset.target || "#content") || content();
    const changed = place(target, html);
    tell([told, changed ? text("work.changed").replace("{count}", changed) : ""].filter(Boolean).join(" · "), !ok);
    const first = find("[aria-invalid=true], [data-focus]", target);
    if (first) { first.focus({ preventScroll: true }); first.scrollIntoView({ block: "center" }); }
    else if (source.dataset.scroll !== "keep") target.scrollIntoView({ block: "start" });
    return true;
  }

  const more = (element) => JSON.parse(element.dataset.more || "{}");
  const agreed = (element) => !element.dataset.confirm || window.confirm(element.dataset.confirm);

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.id === "basis-form") { event.preventDefault(); apply(form); return; }
    if (!form.dataset.post) return;
    event.preventDefault();
    const pressed = event.submitter;
    const address = pressed?.dataset.post || form.dataset.post;
    const source = pressed?.dataset.post ? pressed : form;
    if (agreed(source)) send(source, address, { ...fields(form), ...more(source) });
  });

  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const value = event.target.closest("button.value[data-basis]");
    if (value) { showBasis(value); return; }
    if (!event.target.closest("#basis")) hideBasis();
    const rename = event.target.closest("[data-rename]");
    if (rename) { renameWork(rename); return; }
    const remove = event.target.closest("[data-delete]");
    if (remove) { removeWork(remove); return; }
    const button = event.target.closest("button[data-post]:not([type=submit])");
    if (button && agreed(button)) send(button, button.dataset.post, { ...fields(button.closest("form")), ...more(button) });
  });

  // -- rows, files, versions -------------------------------------------------------------------

  function addRow(button) {
    const rows = find(".rows", button.closest("section"));
    const last = rows.lastElementChild;
    const row = last.cloneNode(true);
    const number = 1 + Math.max(...[...rows.querySelectorAll("[name]")].map((field) => Number(field.name.split(".")[1]) || 0));
    for (const field of row.querySelectorAll("[name]")) {
      field.name = field.name.replace(/\.\d+\./, "." + number + ".");
      field.id = "f-" + field.name;
      if (field.tagName === "INPUT") field.value = "";
      field.removeAttribute("aria-invalid");
    }
    for (const message of row.querySelectorAll(".error, .warning-text")) message.remove();
    rows.append(row);
    find("input", row).focus();
  }

  document.addEventListener("change", async (event) => {
    const field = event.target;
    if (!field.dataset?.upload || !field.files.length) return;
    const file = field.files[0];
    // A file that is much too large is not sent; its size is enough for the message.
    const values = { text: file.size > 1_500_000 ? "" : await file.text(), name: file.name, size: file.size };
    field.value = "";
    send(field, field.dataset.upload, values);
  });

  document.addEventListener("click", (event) => {
    const add = event.target.closest?.("[data-add-row]");
    if (add) addRow(add);
    const removal = event.target.closest?.("[data-remove-row]");
    if (removal) removeRow(removal);
    const link = event.target.closest?.("a[data-file]");
    if (link && !event.ctrlKey && !event.metaKey) { event.preventDefault(); fetchFile(link); }
    const open = event.target.closest?.("[data-open-version]");
    if (open) location.assign(open.dataset.openVersion + "&version=" + encodeURIComponent(find("select", open.form).value));
  });

  function removeRow(button) {
    const { form } = button;
    button.closest("li").remove();
    changed({ target: form }, 50);
    find("button[type=submit]", form)?.focus();
  }

  async function fetchFile(link) {
    if (link.getAttribute("aria-busy")) return;
    link.setAttribute("aria-busy", "true");
    tell(text("work.making_file"));
    try {
      const answer = await fetch(link.href);
      if (!answer.ok) {
        const drawn = new DOMParser().parseFromString(await answer.text(), "text/html");
        noticeText(find(".remark", drawn)?.textContent || text("work.failed"));
        tell("");
        return;
      }
      const name = decodeURIComponent((answer.headers.get("Content-Disposition") || "").split("''")[1] || "");
      const file = document.createElement("a");
      file.href = URL.createObjectURL(await answer.blob());
      file.download = name;
      file.click();
      setTimeout(() => URL.revokeObjectURL(file.href), 60000);
      notice("");
      tell(name);
    } catch {
      noticeText(text("work.failed"));
      tell("");
    } finally {
      link.removeAttribute("aria-busy");
    }
  }

  // -- saving as you go ------------------------------------------------------------------------

  let timer = 0;
  let unsaved = null;
  let saving = Promise.resolve();
  function keep(form) {
    clearTimeout(timer);
    saving = saving.then(() => (form.isConnected ? save(form) : null));
  }

  async function save(form) {
    tell(text("work.saving"));
    // A change from here on is for the next save.
    unsaved = null;
    try {
      const { html, headers, ok } = await post(form.dataset.live, { ...fields(form), ...more(form) });
      const moved = headers.get("X-Location");
      if (moved) {
        history.replaceState({}, "", moved);
        shown = here();
        form.dataset.live = headers.get("X-Live") || form.dataset.live;
        // From now on the form belongs to the work that was just begun.
        if (form.dataset.post) form.dataset.post = form.dataset.post.split("?")[0] + location.search;
      }
      const target = form.dataset.liveTarget && find(form.dataset.liveTarget);
      if (!target && html && ok) { const outside = document.createElement("div"); outside.innerHTML = html; swap(outside); }
      if (target && html) { place(target, html); showMessages(form, target); }
      tell(ok ? text("work.saved") : text("work.not_saved"), !ok);
      if (headers.get("X-Problem")) notice(html);
    } catch {
      unsaved = form;
      tell(text("work.not_saved"), true);
    }
  }

  // A message of the saved part goes to the field that it is about: data-message="x" to data-slot="x".
  function showMessages(form, from) {
    for (const slot of form.querySelectorAll("[data-slot]")) {
      const message = find('[data-message="' + CSS.escape(slot.dataset.slot) + '"]', from)?.textContent || "";
      if (slot.textContent !== message) slot.textContent = message;
      const field = find("input", slot.closest("fieldset"));
      if (message) field?.setAttribute("aria-invalid", "true"); else field?.removeAttribute("aria-invalid");
    }
  }

  // "Don't know" (data-special) and a real answer of the same question exclude each other.
  function exclude(field) {
    const others = [...(field.closest("fieldset")?.querySelectorAll("input") || [])].filter((one) => one !== field);
    if (!others.concat(field).some((one) => "special" in one.dataset)) return;
    if (field.type === "checkbox" ? !field.checked : !field.value) return;
    for (const one of others) {
      if (!("special" in field.dataset || "special" in one.dataset)) continue;
      if (one.type === "checkbox") one.checked = false; else one.value = "";
    }
  }

  function changed(event, wait) {
    exclude(event.target);
    const form = event.target.form || event.target.closest?.("form");
    if (!form?.dataset.live) return;
    unsaved = form;
    clearTimeout(timer);
    timer = setTimeout(() => keep(form), wait);
  }
  document.addEventListener("input", (event) => changed(event, 600));
  document.addEventListener("change", (event) => changed(event, 50));
  // Before the next page is asked for, so that it already shows what was typed last.
  function keepOnLeaving() {
    if (!unsaved) return;
    const body = new Blob([JSON.stringify({ ...fields(unsaved), ...more(unsaved) })], { type: "application/json" });
    if (navigator.sendBeacon(unsaved.dataset.live, body)) unsaved = null;
  }
  window.addEventListener("beforeunload", keepOnLeaving);
  window.addEventListener("pagehide", keepOnLeaving);
  // Going back shows that page again; a step within the page (#section) needs nothing.
  const here = () => location.pathname + location.search;
  let shown = here();
  window.addEventListener("popstate", () => { if (here() !== shown) location.reload(); });

  // -- saved works: rename and delete ----------------------------------------------------------

  const tab = () => location.pathname.split("/")[1];
  const current = () => new URLSearchParams(location.search).get("id") || "";

  function renameWork(button) {
    const dialog = find("dialog#rename");
    const field = find("input", dialog);
    field.value = button.dataset.titleNow;
    find("form", dialog).onsubmit = async () => {
      await post("/" + tab() + "/rename", { id: button.dataset.rename, title: field.value }).catch(() => tell(text("work.failed"), true));
      location.reload();
    };
    dialog.showModal();
    field.select();
  }

  function removeWork(button) {
    const dialog = find("dialog#delete");
    find("p", dialog).textContent = button.dataset.warning;
    find("form", dialog).onsubmit = async () => {
      await post("/" + tab() + "/delete", { id: button.dataset.delete }).catch(() => tell(text("work.failed"), true));
      if (current() === button.dataset.delete) location.assign("/" + tab()); else location.reload();
    };
    dialog.showModal();
  }

  // -- where a number comes from ---------------------------------------------------------------

  const make = (tag, words, name) => {
    const element = document.createElement(tag);
    if (words) element.textContent = words;
    if (name) element.className = name;
    return element;
  };

  let shownFor = null;
  function hideBasis() {
    find("#basis")?.remove();
    if (shownFor?.isConnected) shownFor.removeAttribute("aria-expanded");
    shownFor = null;
  }

  function showBasis(value, typed = null) {
    const isSame = shownFor === value && typed === null;
    hideBasis();
    if (isSame) return;
    shownFor = value;
    value.setAttribute("aria-expanded", "true");
    const told = JSON.parse(value.dataset.basis);
    const box = make("div");
    box.id = "basis";
    box.setAttribute("role", "dialog");
    box.setAttribute("aria-label", told.label);
    const shut = make("button", "×", "shut");
    shut.type = "button";
    shut.setAttribute("aria-label", text("app.close"));
    shut.addEventListener("click", () => { const back = shownFor; hideBasis(); back?.focus(); });
    box.append(shut, make("h3", told.label), make("p", value.textContent, "number"), make("p", told.basis + (told.note ? " · " + told.note : "")));
    if (told.rule) {
      box.append(make("p", text("work.rule") + " " + told.rule));
      const list = make("dl");
      for (const [label, number] of told.inputs) list.append(make("dt", label), make("dd", number));
      box.append(list);
    }
    if (told.quote) {
      box.append(make("blockquote", told.quote));
      const link = make("a", told.title);
      link.href = told.address;
      link.dataset.source = "";
      box.append(link);
    }
    if (value.dataset.editValue) box.append(editor(value, typed));
    document.body.append(box);
    const at = value.getBoundingClientRect();
    const left = Math.max(12, Math.min(at.left, document.documentElement.clientWidth - box.offsetWidth - 12));
    box.style.left = left + window.scrollX + "px";
    const below = at.bottom + 8 + box.offsetHeight < window.innerHeight;
    box.style.top = (below ? at.bottom + 8 : Math.max(8, at.top - box.offsetHeight - 8)) + window.scrollY + "px";
    (find("input", box) || shut).focus({ preventScroll: true });
    find("input", box)?.select();
  }

  function editor(value, typed) {
    const form = make("form");
    form.id = "basis-form";
    form.noValidate = true;
    const field = make("input");
    field.name = "number";
    field.inputMode = "decimal";
    field.value = typed ?? value.dataset.number;
    field.autocomplete = "off";
    field.setAttribute("aria-label", JSON.parse(value.dataset.basis).label);
    const set = make("button", text("work.apply"), "button primary");
    form.append(field, set);
    if (value.classList.contains("edited")) {
      const reset = make("button", text("work.reset"), "button");
      reset.type = "button";
      reset.addEventListener("click", () => edit(value, null));
      form.append(reset);
    }
    return form;
  }

  // The server reads numbers as people type them (50万, 1,200, 35%).
  function apply(form) {
    const field = form.elements.number;
    if (!/[\d一二三四五六七八九十百千万亿]/.test(field.value)) {
      field.setAttribute("aria-invalid", "true");
      field.title = text("work.not_a_number");
      tell(text("work.not_a_number"), true);
      return;
    }
    if (field.value.trim() === shownFor.dataset.number) { const back = shownFor; hideBasis(); back.focus(); return; }
    edit(shownFor, field.value.trim());
  }

  async function edit(value, number) {
    const holder = value.closest("[data-set]");
    hideBasis();
    value.focus({ preventScroll: true });
    value.classList.add("pending");
    const done = await send(holder, holder.dataset.set, { edits: { [value.dataset.editValue]: number } });
    value.classList.remove("pending");
    // What was typed is not lost: it stands in the small window again.
    if (!done && value.isConnected && number !== null) showBasis(value, number);
  }

  document.addEventListener("keydown", (event) => {
    const box = find("#basis");
    if (!box) return;
    if (event.key === "Escape") { const back = shownFor; hideBasis(); back?.focus(); event.stopPropagation(); }
    if (event.key !== "Tab" || !box.contains(document.activeElement)) return;
    const stops = [...box.querySelectorAll("button, input, a")];
    const next = stops.indexOf(document.activeElement) + (event.shiftKey ? -1 : 1);
    event.preventDefault();
    stops[(next + stops.length) % stops.length].focus();
  }, true);

  // -- charts ----------------------------------------------------------------------------------

  let plotly = null;
  const load = () => (plotly ||= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "/page/plotly.js";
    script.onload = () => resolve(window.Plotly);
    script.onerror = reject;
    document.head.append(script);
  }));

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  async function drawCharts(root = document) {
    const places = [...root.querySelectorAll("[data-chart]")];
    if (!places.length) return;
    reserve(places);
    let library;
    try { library = window.Plotly || await load(); } catch { for (const spot of places) spot.style.height = ""; return; /* the table of the same numbers stays */ }
    const palette = [colour("--accent"), colour("--seal"), "#5b7fb8", "#d9a441"];
    for (const spot of places) {
      const chart = JSON.parse(spot.dataset.chart);
      const axis = { gridcolor: colour("--line"), linecolor: colour("--line"), zerolinecolor: colour("--line"), automargin: true };
      const layout = {
        height: heightOf(chart.kind),
        margin: { l: 50, r: 20, t: 34, b: 36 },
        paper_bgcolor: "transparent", plot_bgcolor: "transparent",
        font: { family: colour("--sans"), size: 13, color: colour("--ink") },
        colorway: palette, barmode: "group", legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
        xaxis: { ...axis, showgrid: false }, yaxis: { ...axis, rangemode: "tozero", title: { text: chart.kind === "bar" ? "" : chart.unit } },
        polar: { bgcolor: "transparent", radialaxis: { ...axis, range: [0, 100], angle: 90, tickangle: 90 }, angularaxis: { ...axis, rotation: 90, direction: "clockwise" } },
      };
      if (chart.kind === "radar") layout.legend = { orientation: "h", y: -0.18 };
      else scale(chart, layout);
      if (chart.kind === "radar") arrangeRadar(spot, chart.data, layout);
      if (chart.data.some((trace) => trace.yaxis === "y2")) {
        layout.yaxis2 = { ...axis, overlaying: "y", side: "right", rangemode: "tozero", tickmode: "auto", showgrid: false, title: { text: chart.second } };
        layout.margin = { ...layout.margin, r: 70 };
      }
      if (chart.kind !== "bar") layout.xaxis.type = "category"; else layout.yaxis.type = "category";
      spot.replaceChildren();
      spot.style.height = layout.height + 14 + "px";
      library.newPlot(spot, chart.data, layout, { displayModeBar: false, responsive: true });
    }
  }

  // Room is taken before the library comes, so that nothing below jumps.
  const heightOf = (kind) => (kind === "radar" ? 420 : 320);
  function reserve(places) {
    for (const spot of places) spot.style.height = heightOf(JSON.parse(spot.dataset.chart).kind) + 14 + "px";
  }

  // Chinese counts in 万 and 亿, which the library does not know.
  function scale(chart, layout) {
    layout.separators = ".,";
    const axis = chart.kind === "bar" ? layout.xaxis : layout.yaxis;
    const bars = chart.data.filter((trace) => trace.yaxis !== "y2");
    const most = Math.max(0, ...bars.flatMap((trace) => (chart.kind === "bar" ? trace.x : trace.y)));
    if (chart.language !== "zh" || most < 10000) return;
    const least = Math.min(0, ...bars.flatMap((trace) => (chart.kind === "bar" ? trace.x : trace.y)));
    const step = nice((most - least) / 5);
    axis.tickvals = Array.from({ length: Math.ceil(most / step) - Math.floor(least / step) + 1 }, (_, n) => (Math.floor(least / step) + n) * step);
    axis.ticktext = axis.tickvals.map((n) => (n === 0 ? "0" : Math.abs(most) >= 1e8 ? n / 1e8 + " 亿" : n / 1e4 + " 万"));
    for (const trace of bars) trace.hovertemplate = "%{" + (chart.kind === "bar" ? "y}: %{x" : "x}: %{y") + ":,.0f} " + chart.unit;
  }

  function nice(rough) {
    const power = 10 ** Math.floor(Math.log10(rough));
    return [1, 2, 2.5, 5, 10].find((n) => n * power >= rough) * power;
  }

  // The first ring is filled and the others are lines, so that all stay visible; long names break.
  function arrangeRadar(spot, data, layout) {
    const isNarrow = spot.clientWidth < 480;
    const most = isNarrow ? 10 : 18;
    layout.margin = { l: isNarrow ? 74 : 90, r: isNarrow ? 74 : 90, t: 44, b: 44 };
    if (isNarrow) { layout.font.size = 11; layout.height = 400; layout.legend.y = -0.3; }
    data.forEach((ring, number) => {
      if (number) { ring.fill = "none"; ring.line = { dash: "dash", width: 2 }; }
      ring.theta = ring.theta.map((name) => broken(name, most));
    });
  }

  function broken(name, most) {
    const lines = [""];
    for (const piece of name.match(/[^\s、，,]+[\s、，,]*/g) || [name]) {
      if (lines.at(-1) && (lines.at(-1) + piece.trim()).length > most) lines.push("");
      lines[lines.length - 1] += piece;
    }
    return lines.map((line) => line.trim()).join("<br>");
  }

  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawCharts());
  document.addEventListener("click", (event) => { if (event.target.closest?.("[data-theme-switch]")) setTimeout(drawCharts, 0); });
  // On paper everything is open and as wide as the paper.
  const PAPER_PIXELS = 660;
  const fitCharts = (width) => {
    for (const spot of document.querySelectorAll(".js-plotly-plot")) window.Plotly.relayout(spot, width ? { width } : { width: null, autosize: true });
  };
  window.addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details.fold")) one.open = true;
    fitCharts(PAPER_PIXELS);
  });
  window.addEventListener("afterprint", () => fitCharts(0));
  window.workPage = { drawCharts };
  drawCharts();
})();

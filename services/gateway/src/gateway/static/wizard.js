// « Nouvelle demande » on a phone: what was entered stays on the device until it is sent, and is sent once,
// again by itself when the connection is bad. Everything works without this file too, with a good connection.
(() => {
  const PAUSES = [1000, 2000, 4000, 8000];
  const KEPT_ALWAYS = new Set(["csrf", "key", "act", "search"]);
  const nameOf = (person) => `doorstep.draft.${person}`;

  const read = (person) => {
    try { return JSON.parse(localStorage.getItem(nameOf(person))); } catch { return null; }
  };
  const write = (person, draft) => {
    try { localStorage.setItem(nameOf(person), JSON.stringify(draft)); } catch { /* a full or forbidden store */ }
  };
  const forget = (person) => {
    try { localStorage.removeItem(nameOf(person)); } catch { /* as above */ }
  };

  // What a form holds, by name; of radios and boxes only the chosen ones, the others as empty.
  const entered = (form) => {
    const fields = {};
    for (const field of form.elements) {
      if (!field.name || KEPT_ALWAYS.has(field.name) || field.type === "submit") continue;
      if (field.type === "radio" || field.type === "checkbox") {
        fields[field.name] = field.checked ? field.value : fields[field.name] ?? "";
      } else if (field.type !== "hidden" || field.value) fields[field.name] = field.value;
    }
    return fields;
  };

  const keep = (form) => {
    const person = form.dataset.wizard;
    const fields = entered(form);
    const old = read(person);
    const same = old && old.fields.draft === fields.draft ? old : { fields: {} };
    const was = form.dataset.was ?? same.was;
    const page = location.pathname === "/requests/new/client" ? address("/requests/new/client", { ...same.fields, ...fields }) : location.pathname + location.search;
    write(person, { page, was, fields: { ...same.fields, ...fields } });
  };

  const PERSONAL = new Set(["client", "first_name", "last_name", "email", "phone", "line1", "line2", "address_postal_code", "locality", "at", "validation"]);
  const address = (path, fields) => {
    const query = Object.entries(fields).filter(([name, value]) => value && !PERSONAL.has(name));
    return `${path}?${new URLSearchParams(query)}`;
  };

  // Fills what the page left open with what was entered before.
  const restore = (form) => {
    const draft = read(form.dataset.wizard);
    if (!draft || draft.fields.draft !== form.elements.draft?.value) return;
    if (form.elements.was && draft.was) form.elements.was.value = draft.was;
    const open = (name) => [...form.elements].filter((each) => each.name === name && each.type !== "hidden");
    for (const [name, value] of Object.entries(draft.fields)) {
      if (KEPT_ALWAYS.has(name) || !value) continue;
      for (const field of open(name)) {
        if (field.type === "radio") {
          const untouched = !open(name).some((each) => each.defaultChecked && each.value !== "new");
          if (field.value === value && untouched) field.checked = true;
        } else if (field.type !== "checkbox" && field.tagName !== "SELECT" && !field.value) field.value = value;
      }
    }
  };

  const banner = () => document.querySelector("[data-bad-connection]");
  const busy = (form, on) => {
    for (const button of form.querySelectorAll("button:not([data-plain])")) {
      if (on) button.setAttribute("aria-busy", "true"); else button.removeAttribute("aria-busy");
    }
  };

  // Resolves after the pause, sooner when the connection comes back or the person presses « try now ».
  const pause = (milliseconds) => new Promise((resolve) => {
    const again = document.querySelector("[data-again]");
    const go = () => {
      clearTimeout(timer);
      removeEventListener("online", go);
      again?.removeEventListener("click", go);
      resolve();
    };
    const timer = setTimeout(go, milliseconds);
    addEventListener("online", go);
    again?.addEventListener("click", go);
  });

  const held = (bad) => {
    const shown = banner();
    if (shown) shown.hidden = !bad;
  };

  const send = async (form, submitter) => {
    const content = new URLSearchParams(new FormData(form, submitter));
    for (let attempt = 0; ; attempt += 1) {
      try {
        const answer = await fetch(form.action, { method: "POST", body: content, headers: { Accept: "text/html" } });
        if (answer.status < 500) return answer;
      } catch { /* no connection */ }
      held(true);
      await pause(PAUSES[Math.min(attempt, PAUSES.length - 1)]);
    }
  };

  const show = async (answer) => {
    if (answer.redirected) { location.assign(answer.url); return; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.title = page.title;
    const main = document.querySelector("main");
    main.replaceWith(document.adoptNode(page.querySelector("main")));
    window.htmx?.process(document.querySelector("main"));
    prepare(document.querySelector("main"));
    (document.querySelector("[aria-invalid], .notice-bad, .error") ?? document.querySelector("main")).scrollIntoView({ block: "center" });
    document.querySelector("[aria-invalid]")?.focus();
  };

  const sendOnce = async (form, submitter) => {
    if (form.dataset.sending) return;
    form.dataset.sending = "yes";
    busy(form, true);
    try {
      await show(await send(form, submitter));
    } finally {
      delete form.dataset.sending;
      busy(form, false);
      held(false);
    }
  };

  // A step that only leads on waits for a connection, rather than lose its page to an error.
  const leadOn = async (form) => {
    if (form.dataset.sending) return;
    form.dataset.sending = "yes";
    busy(form, true);
    held(true);
    while (!navigator.onLine) await pause(60000);
    held(false);
    delete form.dataset.sending;
    form.submit();
  };

  const prepare = (root) => {
    for (const form of root.querySelectorAll("form[data-wizard]")) {
      restore(form);
      // A new beginning takes the place of what is kept only once something is entered.
      if (location.search) keep(form);
      form.addEventListener("input", () => keep(form));
      form.addEventListener("change", () => keep(form));
    }
    for (const form of root.querySelectorAll("form[data-once], form[data-wizard]")) {
      form.addEventListener("submit", (event) => {
        if (form.method === "post") {
          event.preventDefault();
          sendOnce(form, event.submitter);
        } else if (!navigator.onLine) {
          event.preventDefault();
          leadOn(form);
        }
      });
    }
    for (const offer of root.querySelectorAll("[data-kept]")) {
      const draft = read(offer.dataset.kept);
      const here = document.querySelector("form[data-wizard]")?.elements.draft?.value;
      if (!draft || !draft.fields.performer || draft.fields.draft === here) continue;
      offer.hidden = false;
      offer.querySelector("[data-resume]").href = draft.page;
      offer.querySelector("[data-discard]").addEventListener("click", () => {
        forget(offer.dataset.kept);
        offer.hidden = true;
      });
    }
  };

  // The page of a request that has been launched: what the phone kept of it is of no use any more.
  const sent = document.querySelector("[data-sent]");
  for (let index = 0; sent && index < localStorage.length; index += 1) {
    const name = localStorage.key(index);
    if (!name.startsWith("doorstep.draft.")) continue;
    try {
      if (JSON.parse(localStorage.getItem(name)).was === sent.dataset.sent) localStorage.removeItem(name);
    } catch { localStorage.removeItem(name); }
  }

  prepare(document);
  // A page that the browser kept as it was left: its form can be sent again, under the same key.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll("form")) { delete form.dataset.sending; busy(form, false); }
    held(false);
  });
})();

/* Tells the page that something changed: fires `changed` on the body, with { kind, request_id } as detail.

   A hint is not the change itself: whoever hears it asks for their part of the page again. Several hints within a moment
   become one; where they differ, `kind` or `request_id` is null, which means "look at everything". Lists follow what
   happened by fractions of a second, so there is a second look a little later. */
"use strict";

(() => {
  const TOGETHER_MS = 300;
  const SECOND_LOOK_MS = 2500;
  const SILENCE_MS = 40000; // the server says every 15 seconds that it is there
  const HINT_MS = 4000; // a connection that is back by then was never worth a word
  const LONGEST_RETRY_MS = 60000;
  const ANYTHING = { kind: null, request_id: null };

  let source = null;
  let missed = false; // whether something may have happened while nobody listened
  let failures = 0;
  let waiting = null;
  const timers = {};

  const later = (name, milliseconds, act) => {
    clearTimeout(timers[name]);
    timers[name] = setTimeout(act, milliseconds);
  };
  const never = (...names) => names.forEach((name) => clearTimeout(timers[name]));

  const fire = (detail) => document.body.dispatchEvent(new CustomEvent("changed", { detail, bubbles: true }));

  const either = (one, other) => ({
    kind: one.kind === other.kind ? one.kind : null,
    request_id: one.request_id === other.request_id ? one.request_id : null,
  });

  const changed = (hint) => {
    if (waiting !== null) {
      waiting = either(waiting, hint);
      return;
    }
    waiting = hint;
    later("together", TOGETHER_MS, () => {
      const told = waiting;
      waiting = null;
      fire(told);
      later("second look", SECOND_LOOK_MS, () => fire(told));
    });
  };

  const show = (offline) => {
    for (const element of document.querySelectorAll("[data-offline]")) element.hidden = !offline;
  };

  const alive = () => later("silence", SILENCE_MS, again);

  const listen = () => {
    stop();
    source = new EventSource("/events");
    source.addEventListener("open", () => {
      failures = 0;
      never("offline");
      show(false);
      alive();
      if (missed) changed(ANYTHING);
      missed = false;
    });
    source.addEventListener("alive", alive);
    source.addEventListener("changed", (event) => {
      alive();
      changed(JSON.parse(event.data));
    });
    source.addEventListener("reset", () => {
      alive();
      changed(ANYTHING);
    });
    source.addEventListener("error", () => {
      never("silence");
      if (failures === 0) later("offline", HINT_MS, () => show(true));
      failures += 1;
      if (source.readyState !== EventSource.CLOSED) return; // the browser itself tries again, and resumes
      if (failures === 1) changed(ANYTHING); // refused: a page whose session is over leads to where one signs in
      missed = true;
      later("retry", Math.min(LONGEST_RETRY_MS, 2000 * 2 ** Math.min(failures, 5)), listen);
    });
  };

  const stop = () => {
    never("silence", "retry");
    if (source !== null) source.close();
    source = null;
  };

  const again = () => {
    missed = true;
    listen();
  };

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) stop();
    else again();
  });
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (event) => {
    if (event.persisted) again();
  });
  addEventListener("offline", () => show(true));
  addEventListener("online", again);

  if (!document.hidden) listen();
  else missed = true;
})();

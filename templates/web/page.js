(() => {
  "use strict";
  const forms = document.querySelectorAll("form[data-judged]");
  const set = (form, name, value) => { form.elements[name].value = value; };
  const evidence = (form, event) => {
    set(form, "script", "1");
    set(form, "steered", navigator.webdriver ? "1" : "");
    set(form, "trusted", event && event.isTrusted ? "1" : "");
    set(form, "traits", traits());
  };
  // Marks of a browser without a screen, without a person's settings, or under a false name.
  const traits = () => {
    const found = [];
    const brands = (navigator.userAgentData && navigator.userAgentData.brands) || [];
    const engine = brands.find((each) => each.brand === "Chromium");
    const said = /Chrome\/(\d+)/.exec(navigator.userAgent);
    if (brands.some((each) => /headless/i.test(each.brand))) found.push("brand");
    if (engine && said && engine.version !== said[1]) found.push("version");
    if (!navigator.languages || !navigator.languages.length) found.push("languages");
    if (!outerWidth || !outerHeight) found.push("window");
    else if (!navigator.maxTouchPoints && outerHeight === innerHeight && outerWidth === innerWidth) {
      found.push("frame");
    }
    return found.join(",");
  };

  // The open: told after a person's own input and time enough to read. Moments after the mail the
  // answer may ask to be told once more when its scanners have gone home.
  const opening = document.querySelector("form[data-opens]");
  if (opening) {
    const began = performance.now();
    const kinds = ["pointerdown", "keydown", "touchstart", "wheel"];
    const listen = () => {
      kinds.forEach((kind) => addEventListener(kind, tell, { passive: true }));
    };
    const send = async (body) => {
      const answer = await fetch(opening.action, { method: "POST", body, keepalive: true });
      const again = Number(answer.headers.get("Retry-After"));
      if (again) setTimeout(listen, again * 1000);
    };
    const tell = (event) => {
      if (!event.isTrusted) return;
      kinds.forEach((kind) => removeEventListener(kind, tell));
      evidence(opening, event);
      const body = new URLSearchParams(new FormData(opening));
      const left = Math.max(0, 1700 - (performance.now() - began));
      setTimeout(() => { send(body).catch(() => {}); }, left);
    };
    listen();
  }

  // A second press while the first is under way does nothing.
  forms.forEach((form) => {
    const buttons = form.querySelectorAll("button[type=submit]");
    const busy = (is) => buttons.forEach((button) => {
      if (is) button.setAttribute("aria-disabled", "true");
      else button.removeAttribute("aria-disabled");
    });
    buttons.forEach((button) => button.addEventListener("click", (event) => {
      if (button.getAttribute("aria-disabled") === "true") event.preventDefault();
      evidence(form, event);
    }));
    form.addEventListener("submit", () => setTimeout(busy, 0, true));
    addEventListener("pageshow", () => busy(false));
  });

  // The sum of what is ticked, as it is typed. The server counts again.
  const summed = document.querySelector("form[data-sum]");
  if (summed) {
    const { currency, label } = summed.dataset;
    const money = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency });
    const digits = money.resolvedOptions().maximumFractionDigits;
    const plain = new RegExp("^([0-9]{1,9})(?:[.,]([0-9]{1," + (digits || 1) + "}))?$");
    const typed = (field, owed) => {
      const text = field ? field.value.trim() : "";
      if (!text) return owed;
      const found = plain.exec(text);
      if (!found || (found[2] && !digits)) return NaN;
      return Number(found[1]) * 10 ** digits + Number((found[2] || "").padEnd(digits, "0") || 0);
    };
    const total = summed.querySelector("[data-total]");
    const button = summed.querySelector("button[type=submit]");
    const unnamed = button.textContent;
    const add = () => {
      let sum = 0;
      summed.querySelectorAll(".item").forEach((item) => {
        const ticked = item.querySelector("input[type=checkbox]").checked;
        const field = item.querySelector(".part input");
        const owed = Number(item.dataset.minor), amount = typed(field, owed);
        const wrong = ticked && !(amount > 0 && amount <= owed);
        if (field) field.setAttribute("aria-invalid", wrong ? "true" : "false");
        if (ticked) sum += wrong ? NaN : amount;
      });
      const text = sum > 0 ? money.format(sum / 10 ** digits) : "–";
      total.textContent = text;
      button.textContent = sum > 0 ? label.replace("{amount}", text) : unnamed;
    };
    summed.querySelector("[data-chosen]").hidden = false;
    summed.addEventListener("input", add);
    addEventListener("pageshow", add);
  }

  // Waiting for the gateway's word: ask again, ever more slowly, and load the page when it is there.
  const wait = () => {
    const waits = document.querySelector("[data-look]");
    if (waits) setTimeout(() => look(waits.dataset.look).catch(wait), waits.dataset.after * 1000);
  };
  const look = async (address) => {
    const answer = await fetch(address);
    const said = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!said.querySelector("[data-waits]")) return location.replace(answer.url);
    document.querySelector("main").replaceWith(said.querySelector("main"));
    wait();
  };
  wait();

  if (navigator.clipboard) {
    document.querySelectorAll("button[data-copy]").forEach((button) => {
      button.hidden = false;
      const label = button.textContent;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(button.dataset.copy);
        button.textContent = button.dataset.copied;
        setTimeout(() => { button.textContent = label; }, 1800);
      });
    });
  }
})();

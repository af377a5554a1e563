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

  document.querySelectorAll("[data-prints]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => print());
  });

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
    const find = (what) => summed.querySelector(what);
    const button = find("button[type=submit]"), unnamed = button.textContent;
    const shown = (minor) => money.format(minor / 10 ** digits);
    const way = () => find("input[name=way]:checked") || find("input[name=way]");
    // Whole numbers beyond what a float holds: 100,000,000.00 times parts of a million.
    const feeOf = (chosen, sum) => {
      if (!chosen || !("fixed" in chosen.dataset) || !(sum > 0)) return 0;
      const { fixed, rate, least, most } = chosen.dataset;
      const part = Number((BigInt(sum) * BigInt(rate) + 500000n) / 1000000n);
      const fee = Math.max(Number(fixed) + part, Number(least));
      return most ? Math.min(fee, Number(most)) : fee;
    };
    const ticked = () => {
      if (summed.dataset.minor) return Number(summed.dataset.minor);
      let sum = 0;
      summed.querySelectorAll(".item[data-minor]").forEach((item) => {
        const is = item.querySelector("input[type=checkbox]").checked;
        const field = item.querySelector(".part input");
        const owed = Number(item.dataset.minor), amount = typed(field, owed);
        const wrong = is && !(amount > 0 && amount <= owed);
        if (field) field.setAttribute("aria-invalid", wrong ? "true" : "false");
        if (is) sum += wrong ? NaN : amount;
      });
      return sum;
    };
    const add = () => {
      const sum = ticked(), chosen = way(), fee = feeOf(chosen, sum);
      const whole = chosen && chosen.dataset.uses ? Math.min(sum, chosen.dataset.uses) : sum + fee;
      summed.querySelectorAll(".choice").forEach((each) => {
        const adds = each.querySelector("[data-adds]"), its = feeOf(each.querySelector("input"), sum);
        if (adds && sum > 0) adds.textContent = summed.dataset.plus.replace("{amount}", shown(its));
      });
      if (find("[data-total]")) find("[data-total]").textContent = sum > 0 ? shown(sum) : "–";
      if (summed.elements.fee) {
        summed.elements.fee.value = fee;
        find("[data-sums]").hidden = !fee;
        find("[data-fee]").textContent = shown(fee);
        find("[data-whole]").textContent = shown(whole);
      }
      button.textContent = sum > 0 ? label.replace("{amount}", shown(whole)) : unnamed;
    };
    if (find("[data-chosen]")) find("[data-chosen]").hidden = false;
    add();
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

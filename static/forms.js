// Small comforts of forms: show a password, copy a text. Their buttons are hidden where this file does not run.
for (const button of document.querySelectorAll("[data-show]")) {
  const field = document.getElementById(button.dataset.show);
  const words = button.firstChild;
  const [show, hide] = [words.textContent.trim(), button.dataset.hide];
  button.hidden = false;
  button.addEventListener("click", () => {
    field.type = field.type === "password" ? "text" : "password";
    words.textContent = field.type === "password" ? show : hide;
    field.focus();
  });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const words = button.querySelector("span");
  const copy = words.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(text.textContent);
      words.textContent = button.dataset.done;
      setTimeout(() => (words.textContent = copy), 3000);
    } catch {
      // Without leave, or without https: marked, so that the person can copy it.
      getSelection().selectAllChildren(text);
    }
  });
}

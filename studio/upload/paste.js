// A picture pasted anywhere on the page goes into the file uploader, as if it had been dropped there.

export default function ({ parentElement, data }) {
  const hint = document.createElement("span");
  hint.className = "hint";
  hint.append("or paste an image with ");
  for (const key of [/Mac|iP/.test(navigator.platform) ? "⌘" : "Ctrl", "V"]) {
    const cap = document.createElement("kbd");
    cap.textContent = key;
    hint.append(cap, " ");
  }
  parentElement.append(hint);

  const paste = (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    const input = document.querySelector(`.st-key-${data.target} input[type=file]`);
    if (!files.length || !input) return;
    const transfer = new DataTransfer();
    files.forEach((file) => transfer.items.add(file));
    input.files = transfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    event.preventDefault();
  };
  document.addEventListener("paste", paste);
  return () => {
    document.removeEventListener("paste", paste);
    hint.remove();
  };
}

/** Giving a text to the clipboard, also where the page has no secure origin. */

/** Whether the browser took it. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** The older way: browsers keep `navigator.clipboard` from pages over plain HTTP that are not of this machine. */
function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea"), focused = document.activeElement;
  area.value = text;
  area.className = "spoken";
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isCopied;
}

/**
 * Copies a text; returns whether it was copied.
 *
 * `navigator.clipboard` exists in secure contexts only, and a platform in a local network is served over plain
 * HTTP: there the text is copied from a field that the user does not see.
 */
export async function copyText(text: string): Promise<boolean> {
  if ("clipboard" in navigator) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Permission was refused; the field below may still do.
    }
  }
  const before = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.readOnly = true;
  field.style.position = "fixed";
  field.style.opacity = "0";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}

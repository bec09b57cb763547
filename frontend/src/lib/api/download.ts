import { API_URL, apiKey } from "./address";
import { authHeaders } from "./client";
import { errorOf } from "./errors";
import { whyUnreachable } from "./reach";

/**
 * Saves what the API has at a path, which begins with `/api`, as a file.
 *
 * Without a key the browser streams it to disk, however large; a key can only be sent by us.
 */
export async function download(path: string, name: string): Promise<void> {
  const url = `${API_URL}${path}`;
  if (!apiKey()) {
    save(url, name);
    return;
  }
  const response = await fetch(url, { headers: authHeaders() }).catch(async () => {
    throw await whyUnreachable();
  });
  if (!response.ok) throw errorOf(response.status, await response.json().catch(() => null));
  const file = URL.createObjectURL(await response.blob());
  save(file, name);
  setTimeout(() => URL.revokeObjectURL(file), 60_000);
}

function save(url: string, name: string) {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}

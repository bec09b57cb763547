/** Sends requests whose body takes long, and tells how much of it was sent; `fetch` cannot tell. */

/**
 * A `fetch` for one request.
 *
 * @param onProgress Called with the share of the body that was sent, 0 to 1.
 */
export function fetchWithProgress(onProgress: (share: number) => void) {
  return async (request: Request): Promise<Response> => {
    const body = await request.blob();
    return new Promise((resolve, reject) => {
      const xhr = new XMLHttpRequest();
      xhr.open(request.method, request.url);
      request.headers.forEach((value, name) => xhr.setRequestHeader(name, value));
      xhr.responseType = "blob";
      xhr.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
      xhr.onload = () =>
        resolve(new Response(xhr.response as Blob, { status: xhr.status, headers: { "content-type": xhr.getResponseHeader("content-type") ?? "" } }));
      xhr.onerror = () => reject(new TypeError("The request failed."));
      xhr.onabort = () => reject(new DOMException("The request was aborted.", "AbortError"));
      request.signal.addEventListener("abort", () => xhr.abort());
      xhr.send(body);
    });
  };
}

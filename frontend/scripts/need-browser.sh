#!/bin/sh
# Succeeds if there is a Chromium for the tests; installs Debian's where it may, and else says plainly that they are left out.
for browser in "$CHROMIUM_PATH" /usr/bin/chromium /usr/bin/chromium-browser; do
  [ -n "$browser" ] && [ -x "$browser" ] && exit 0
done
for browser in "$HOME"/.cache/ms-playwright/chromium*; do
  [ -d "$browser" ] && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing Chromium for the browser tests" >&2
  (apt-get update && apt-get install --yes --no-install-recommends chromium) >/dev/null 2>&1 && [ -x /usr/bin/chromium ] && exit 0
fi
echo "NOT TESTED: the browser tests need Chromium. Install it (apt-get install chromium), or name one in CHROMIUM_PATH." >&2
exit 1

// SPDX-License-Identifier: Apache-2.0
// The token of this tab. It is never in an address, a log or on disk: it goes with the tab.

const KEPT = "receiptd.token";

export function token() {
  return sessionStorage.getItem(KEPT);
}

export function signIn(text) {
  sessionStorage.setItem(KEPT, text.trim());
}

export function signOut() {
  sessionStorage.removeItem(KEPT);
}

export function looksRight(text) {
  return /^rcd_[A-Za-z0-9_-]{43}$/.test(text.trim());
}

/** A choice remembered in this browser; without storage (private mode, policy) it lasts as long as the page. */
export function readStored(key: string): string | null {
  try {
    return localStorage.getItem(`vacancy.${key}`);
  } catch {
    return null;
  }
}

export function writeStored(key: string, value: string): void {
  try {
    localStorage.setItem(`vacancy.${key}`, value);
  } catch {
    // The choice holds for this page all the same.
  }
}

/*
 * Runs before anything is painted, so that a dark page is never white first. Mantine keeps the choice under this key.
 */
const key = 'mantine-color-scheme-value';

function chosen(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    // Storage can be forbidden; then the system decides.
    return null;
  }
}

const choice = chosen();
const dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');

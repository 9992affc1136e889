import type { ITheme } from '@xterm/xterm';

const light: ITheme = {
  foreground: '#1a2030',
  background: '#ffffff',
  cursor: '#3451b2',
  cursorAccent: '#ffffff',
  selectionBackground: '#c9d4f7',
  selectionInactiveBackground: '#dde3ee',
  black: '#1a2030',
  red: '#b3232a',
  green: '#17734a',
  yellow: '#8a5a00',
  blue: '#3451b2',
  magenta: '#8a3a9c',
  cyan: '#0f6c7c',
  white: '#5e687c',
  brightBlack: '#566076',
  brightRed: '#c83a40',
  brightGreen: '#1d7d52',
  brightYellow: '#8f6400',
  brightBlue: '#4a66cb',
  brightMagenta: '#9b4bad',
  brightCyan: '#177a8b',
  brightWhite: '#1a2030',
};

const dark: ITheme = {
  foreground: '#e0e5ee',
  background: '#0d1015',
  cursor: '#a3b6ff',
  cursorAccent: '#0d1015',
  selectionBackground: '#31457f',
  selectionInactiveBackground: '#2a303c',
  black: '#2a303c',
  red: '#ff8f92',
  green: '#56c993',
  yellow: '#efc15a',
  blue: '#8da5ff',
  magenta: '#d9a1e8',
  cyan: '#6fd0de',
  white: '#c6cdd9',
  brightBlack: '#8b95a7',
  brightRed: '#ffabad',
  brightGreen: '#83dcb0',
  brightYellow: '#f6d483',
  brightBlue: '#b0c0ff',
  brightMagenta: '#e6bff0',
  brightCyan: '#98e0ea',
  brightWhite: '#ffffff',
};

/** Returns the colours of a terminal; the background equals `--ik-terminal`. */
export function emulatorTheme(scheme: 'light' | 'dark'): ITheme {
  return scheme === 'dark' ? dark : light;
}

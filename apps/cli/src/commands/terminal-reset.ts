/** Clears a terminal before another screen is drawn on it. */
export const clearTerminal = '\x1b[0m\x1b[r\x1b[H\x1b[2J\x1b[3J';

/**
 * Undoes what a program may have set that is no longer followed: the alternate screen, a hidden cursor, mouse reports,
 * bracketed paste, application keys, colours.
 */
export const resetTerminal =
  '\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1006l\x1b[?2004l\x1b[?1l\x1b>\x1b[0m';

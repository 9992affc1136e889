/** For a terminal on which a drawing of another screen begins. */
export const clearTerminal = '\x1b[0m\x1b[r\x1b[H\x1b[2J\x1b[3J';

/**
 * Puts back what a program may have left behind that we do not follow any more: the other screen, a hidden cursor, mouse
 * reports, pasting in brackets, keys of applications, colours.
 */
export const resetTerminal =
  '\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1006l\x1b[?2004l\x1b[?1l\x1b>\x1b[0m';

import { createTheme } from '@mantine/core';

/** Our Mantine theme; other colours are in styles/tokens.css. */
export const theme = createTheme({
  primaryColor: 'brand',
  primaryShade: { light: 8, dark: 7 },
  colors: {
    brand: [
      ...(['#eef2ff', '#dfe6fc', '#bdc9f5', '#99abee', '#7d93e8'] as const),
      ...(['#6b84e5', '#5b76dc', '#4a64c8', '#3451b2', '#2b4494'] as const),
    ],
    // Chosen so that white text is readable on the dark shades, and the light shades on our surfaces.
    red: [
      ...(['#fff0f0', '#fde1e1', '#f8c1c2', '#ffa8aa', '#f47d80'] as const),
      ...(['#ec686b', '#d9444a', '#c2333a', '#b3232a', '#8f1a20'] as const),
    ],
    dark: [
      ...(['#e7eaf0', '#c3cad6', '#9ca6b8', '#7d879a', '#3d4556'] as const),
      ...(['#2a303c', '#1f242e', '#181c24', '#141820', '#0d1015'] as const),
    ],
  },
  fontFamily: 'var(--ik-font)',
  fontFamilyMonospace: 'var(--ik-mono)',
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
});

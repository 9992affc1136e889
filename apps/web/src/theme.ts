import { createTheme } from '@mantine/core';

/** Mantine in our clothes; colours beyond the primary one are in styles/tokens.css. */
export const theme = createTheme({
  primaryColor: 'brand',
  primaryShade: { light: 8, dark: 7 },
  colors: {
    brand: [
      ...(['#eef2ff', '#dfe6fc', '#bdc9f5', '#99abee', '#7d93e8'] as const),
      ...(['#6b84e5', '#5b76dc', '#4a64c8', '#3451b2', '#2b4494'] as const),
    ],
  },
  fontFamily: 'var(--ik-font)',
  fontFamilyMonospace: 'var(--ik-mono)',
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
});

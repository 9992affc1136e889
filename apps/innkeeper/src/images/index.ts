export { createOverlay, type OverlayOptions } from './create-overlay.ts';
export type { InitSystem } from './init-system.ts';
export { type ImageFacts, type ImageFormat, inspectImage } from './inspect-image.ts';
export { type PrepareBaseOptions, type PreparedBase, prepareBase, type UnpreparedBase } from './prepare-base.ts';

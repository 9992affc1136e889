export {
  type AgentArchitecture,
  agentArchitectures,
  type ByArchitecture,
  hostArchitecture,
  machineOf,
} from './agent-architecture.ts';
export { type AgentBinary, defaultAgentBinaryPath, findAgentBinary, maxAgentBytes } from './agent-binary.ts';
export { rebaseOverlay } from './backing-file.ts';
export { type BuildPlace, buildImage, isImageKind, type NewImage } from './build-image.ts';
export type { GuestKernel, ImageKind } from './built-image.ts';
export { createOverlay, type OverlayRequest } from './create-overlay.ts';
export { type ImageInfo, imageInfo } from './image-info.ts';
export { type ImportedImage, importImage } from './import-image.ts';
export type { InitSystem } from './init-system.ts';
export { type ImageFacts, type ImageFormat, inspectImage } from './inspect-image.ts';
export { agentPath, packagingDirectory } from './install-plan.ts';
export { installScript, installScriptFiles, offlineInstallScript } from './install-script.ts';
export { type BaseRequest, type PreparedBase, prepareBase } from './prepare-base.ts';
export type { StageOptions } from './stage-options.ts';

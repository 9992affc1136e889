export { endsCopy } from './ends-copy.ts';
export { isMalformedTarError, MalformedTarError } from './malformed-tar-error.ts';
export { safeTar } from './safe-tar.ts';
export {
  blockBytes,
  maxCredibleBytes,
  maxUnsizedBytes,
  paddedBytes,
  type TarEntry,
  tarHeader,
} from './tar-header.ts';
export { type TarItem, TarParser, type TarSink } from './tar-parser.ts';
export { TreeGuard, type TreeNames, treeNames } from './tree-guard.ts';
export { isUnsafeTarError, UnsafeTarError } from './unsafe-tar-error.ts';

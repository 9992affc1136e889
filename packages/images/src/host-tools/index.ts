export type { Abortable } from './abortable.ts';
export { hostDiskFull, isHostDiskFull } from './host-disk-full.ts';
export {
  hostEnvironment,
  killGroup,
  type ProgramOptions,
  type ProgramResult,
  runProgram,
  startError,
} from './run-program.ts';

export { archiveError } from './archive-error.ts';
export { type CodeName, codeName, codes } from './code.ts';
export { guestError } from './guest-error.ts';
export { isOperationError, OperationError, type WireError, type WireErrorDefaults } from './operation-error.ts';
export { isReasonName, type ReasonName, reasons } from './reasons.ts';

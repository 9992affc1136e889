import { frameSessionTagBytes } from '@innkeeper/contract/agent-tags';

/** The field `crc32c`; and of the tag of any payload: their fields are all between 200 and 255. */
export {
  frameCallTagBytes as payloadTagBytes,
  frameCrc32cFieldBytes as crcFieldBytes,
} from '@innkeeper/contract/agent-tags';

/** Largest frame with its header (docs/protocol/native.md). */
export const maxFrameBytes = 65_544;
/** Magic and length. */
export const headerBytes = 8;
/** Largest length that a header may name. */
export const maxLength = maxFrameBytes - headerBytes;
/** Smallest length that a header may name. */
export const minLength = 8;
/** Largest `body` of a call or message; a frame around it always fits. */
export const maxBodyBytes = 65_000;
/** The run of zeros before a hello: as long as the largest frame, so that it ends whatever half a frame is pending. */
export const zeroRunBytes = maxFrameBytes;
/** Bytes of `body` that the node may send on a call before the agent granted any. */
export const initialAgentCredit = 262_144;
/** Calls that are open in a session at once. */
export const maxOpenCalls = 64;
/** Bytes of answers that an agent sends ahead in one call, whatever credit the node gave. */
export const maxCallCredit = 1024 * 1024;
/** Consumed bytes are granted again in steps of this size: far less than the credit a call begins with. */
export const creditStepBytes = 32 * 1024;
/**
 * Bytes of sound frames without meaning (of other sessions, or with an unknown payload) that are passed over in a
 * session. A port holds less of what an earlier session left.
 */
export const maxIdleBytes = 16 * 1024 * 1024;
/** A session's name: random bytes made by the node. */
export const nonceBytes = 16;
/** The field `session`: tag, length, nonce. */
export const sessionFieldBytes = frameSessionTagBytes + 1 + nonceBytes;
/** What a message towards the node counts at least, so that empty ones cost credit too. */
export const minMessageCharge = 256;

/** What a message towards the node counts against its call's credit, on both ends. */
export function messageCharge(bodyBytes: number): number {
  return Math.max(bodyBytes, minMessageCharge);
}

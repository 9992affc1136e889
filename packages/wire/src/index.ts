export type { ByteOps } from './byte-ops.ts';
export { type AgentIncoming, AgentReceiver } from './native/agent-receiver.ts';
export { encodeFrame } from './native/encode-frame.ts';
export { initialAgentCredit, maxBodyBytes, maxFrameBytes, zeroRunBytes } from './native/limits.ts';
export { type NodeIncoming, NodeReceiver } from './native/node-receiver.ts';
export { openingBytes } from './native/opening-bytes.ts';
export type { NativePayload, NativePayloadInit } from './native/payload.ts';
export { bulkHeadroom, bulkTailroom, sealStreamMessage } from './native/seal-stream-message.ts';
export { portableByteOps } from './portable-byte-ops.ts';

export type { AgentMessageCall } from './agent-message/agent-message-call.ts';
export {
  type AgentMessageIncoming,
  AgentMessageReceiver,
} from './agent-message/agent-message-receiver.ts';
export { agentReadyEvent } from './agent-message/agent-ready.ts';
export { ByteBudget } from './agent-message/byte-budget.ts';
export {
  commitMessage,
  dataMessages,
  type FileWriteKind,
  fileWriteCall,
  fileWriteKind,
  fileWriteReply,
  isLastChunk,
  openMessage,
} from './agent-message/file-write.ts';
export { type HeaderForm, printHeader } from './agent-message/header.ts';
export { maxMessageBytes, maxRequestBytes } from './agent-message/limits.ts';
export { type AgentMessageReply, byteLength, printReply, type ReplyEnvelope } from './agent-message/reply.ts';
export { telemetryEvent } from './agent-message/telemetry.ts';
export { payloadField, type TranslatedRequest, translateRequest } from './agent-message/translate-request.ts';
export { refusalReply } from './agent-message/unsupported.ts';
export type { ByteOps } from './byte-ops.ts';
export { type DialectName, detectDialect, detectionBytes } from './detect-dialect.ts';
export { type AgentIncoming, AgentReceiver } from './native/agent-receiver.ts';
export { encodeFrame } from './native/encode-frame.ts';
export {
  creditStepBytes,
  initialAgentCredit,
  maxBodyBytes,
  maxCallCredit,
  maxFrameBytes,
  maxOpenCalls,
  messageCharge,
  minMessageCharge,
  zeroRunBytes,
} from './native/limits.ts';
export { type NodeIncoming, NodeReceiver } from './native/node-receiver.ts';
export { openingBytes } from './native/opening-bytes.ts';
export type { NativePayload, NativePayloadInit } from './native/payload.ts';
export { bulkHeadroom, bulkTailroom, sealStreamMessage } from './native/seal-stream-message.ts';
export { portableByteOps } from './portable-byte-ops.ts';

export {
  type AgentMessageIncoming,
  AgentMessageReceiver,
} from './agent-message/agent-message-receiver.ts';
export { agentReadyEvent } from './agent-message/agent-ready.ts';
export {
  commitMessage,
  dataMessages,
  type FileWrite,
  type FileWriteKind,
  fileWriteCall,
  fileWriteKind,
  fileWriteReply,
  isLastChunk,
  openMessage,
  wholeFileWrite,
} from './agent-message/file-write.ts';
export { detectAgentMessage, type HeaderForm, printHeader } from './agent-message/header.ts';
export { maxMessageBytes, maxRequestBytes } from './agent-message/limits.ts';
export {
  type AgentMessageCall,
  type AgentMessageReply,
  byteLength,
  printReply,
  type ReplyEnvelope,
} from './agent-message/reply.ts';
export { telemetryEvent } from './agent-message/telemetry.ts';
export { payloadField, type TranslatedRequest, translateRequest } from './agent-message/translate-request.ts';
export { refusalReply } from './agent-message/unsupported.ts';
export { type Allowance, ByteBudget } from './byte-budget.ts';
export type { Base64Ops, ByteOps } from './byte-ops.ts';
export { type DialectName, detectDialect } from './detect-dialect.ts';
export { type Detection, detectionBytes } from './detection.ts';
export type { DialectCall } from './dialect-call.ts';
export { detectHttp } from './http/detect-http.ts';
export { printAddressReport, statusOf } from './http/manager-request.ts';
export { type HttpReply, jsonReply, printHttpReply } from './http/reply.ts';
export { type HttpIncoming, type HttpRequest, HttpRequestReceiver } from './http/request-receiver.ts';
export { translateHttpRequest } from './http/translate-request.ts';
export {
  type JsonFrameAnswer,
  JsonFrameAnswerReader,
  jsonFrameRequest,
} from './json-frames/client-frames.ts';
export { detectJsonFrames, type JsonFrameIncoming, JsonFrameReceiver } from './json-frames/frame-receiver.ts';
export { maxJsonFrameBytes } from './json-frames/limits.ts';
export { type JsonReply, jsonErrorReply, printJsonFrame } from './json-frames/reply.ts';
export { translateJsonRequest } from './json-frames/translate-request.ts';
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
export { detectNative, openingBytes } from './native/opening-bytes.ts';
export type { NativePayload, NativePayloadInit } from './native/payload.ts';
export { bulkHeadroom, bulkTailroom, sealStreamMessage } from './native/seal-stream-message.ts';
export { portableByteOps } from './portable-byte-ops.ts';
export { Arguments } from './qga/arguments.ts';
export { parseQgaAnswer, type QgaAnswer, QgaAnswers } from './qga/client-answers.ts';
export { qgaRequest, qgaSyncRequest } from './qga/client-requests.ts';
export { qgaCommands } from './qga/commands/all.ts';
export { detectQga } from './qga/detect-qga.ts';
export { errnoText } from './qga/errno-text.ts';
export { type Content, type JsonValue, object, Streamed } from './qga/json-value.ts';
export { maxExecOutputBytes, maxReadBytes } from './qga/limits.ts';
export { printJson, printParts } from './qga/print-json.ts';
export type { NeededMethod, QgaCommand, QgaGuest, QgaSteps } from './qga/qga-command.ts';
export { errorAnswer, QgaError, returnAnswer } from './qga/qga-error.ts';
export { type QgaIncoming, QgaReceiver } from './qga/qga-receiver.ts';
export { idOf, type QgaRequest, readRequest } from './qga/qga-request.ts';

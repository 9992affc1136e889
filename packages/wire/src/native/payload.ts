import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Frame, FrameSchema } from '@innkeeper/contract/agent';

/** What a frame carries. `bytes` fields are views into the bytes it was read from. */
export type NativePayload = Frame['payload'];
/** What may be written as a payload. */
export type NativePayloadInit = NonNullable<MessageInitShape<typeof FrameSchema>['payload']>;

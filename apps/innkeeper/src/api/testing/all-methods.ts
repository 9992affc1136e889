import type { DescMethod, DescService } from '@bufbuild/protobuf';
import * as agent from '@innkeeper/contract/agent';
import { compatServices } from '@innkeeper/contract/compat-services';
import * as control from '@innkeeper/contract/control';

/** Every method of every service in the control plane's contract, served or not. */
export const allMethods: readonly DescMethod[] = [agent, control]
  .flatMap((contract) => Object.values(contract as Record<string, unknown>))
  .filter(isService)
  .concat(compatServices)
  .flatMap((service) => service.methods);

function isService(value: unknown): value is DescService {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'service';
}

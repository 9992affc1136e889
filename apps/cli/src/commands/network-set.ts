import type { SetNetworkOptions } from '@innkeeper/client';
import { NetworkReportSchema } from '@innkeeper/contract/agent';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { choice, dataOutput, flag, list, text } from '../options.ts';
import { formatDuration } from '../output/format.ts';
import { printObject } from '../output/json.ts';
import { parseDuration } from '../parse-values.ts';
import { describeChange } from './describe-network.ts';
import { runHostCommand } from './host-command.ts';

/** `inn network set VM …`, or `inn network set VM … -- HOST-COMMAND` */
export const command = defineCommand({
  arguments: '<vm> [command...]',
  options: [
    text('--interface <name>', 'the interface (default: that of the default route, or the only network card)'),
    flag('--dhcp', 'get the IPv4 address by DHCP'),
    list('--address <address/prefix>', 'a static address, such as 192.0.2.5/24; IPv4 or IPv6, can be repeated'),
    list('--gateway <address>', 'the default route, one for each family'),
    choice('--ipv6 <method>', 'how it gets IPv6 addresses besides --address', ['auto', 'dhcp', 'static'], 'auto'),
    list('--dns <address>', 'a name server; can be repeated'),
    list('--search <domain>', 'a domain for short names; can be repeated'),
    text('--mtu <bytes>', 'the largest packet (default: as it is)'),
    list('--route <destination=gateway[,metric]>', 'another route; can be repeated'),
    text('--confirm-within <duration>', 'time until the guest restores its earlier network (default: 60s)'),
    flag('--temporary', 'until the guest restarts; write no configuration'),
    flag('--unconfirmed', 'keep the change without a confirmation'),
    flag('--ignore-gateway', 'do not roll back when the gateway does not answer'),
    dataOutput,
  ],
  async run({ client, options }, vm, words) {
    const isIpv6 = (address: string): boolean => address.includes(':');
    const of = (addresses: readonly string[], wanted: boolean): string[] =>
      addresses.filter((address) => isIpv6(address) === wanted);
    const gatewayOf = (wanted: boolean): string | undefined => {
      const [gateway, another] = of(options.gateway, wanted);
      if (another !== undefined) throw new CliError('--gateway: only one for each family');
      return gateway;
    };
    const settings: SetNetworkOptions = {
      interface: options.interface,
      ipv4: { dhcp: options.dhcp, addresses: of(options.address, false), gateway: gatewayOf(false) },
      ipv6: {
        dhcp: options.ipv6 === 'dhcp',
        automatic: options.ipv6 === 'auto',
        addresses: of(options.address, true),
        gateway: gatewayOf(true),
      },
      dns: options.dns,
      search: options.search,
      mtu: options.mtu === undefined ? undefined : parseCount(options.mtu, '--mtu'),
      routes: options.route.map(parseRoute),
      confirmMs:
        options.confirmWithin === undefined ? undefined : parseDuration(options.confirmWithin, '--confirm-within'),
      temporary: options.temporary,
      unconfirmed: options.unconfirmed,
      ignoreGateway: options.ignoreGateway,
    };
    if (words.length > 0) {
      await client.networks.change(vm, settings, async (report, signal) => {
        if (!options.quiet) process.stderr.write(describeChange(report));
        const variables = { INNKEEPER_VM: vm, INNKEEPER_CHANGE: report.change?.id ?? '' };
        const exitCode = await runHostCommand(words, variables, signal);
        if (exitCode !== 0) throw new CliError(`${words[0]} exited with ${exitCode}: rolled back.`, { exitCode });
      });
      if (!options.quiet) process.stderr.write('Confirmed.\n');
      return;
    }
    const report = await client.networks.set(vm, settings);
    if (options.output === 'table') process.stdout.write(describeChange(report));
    else printObject(options.output, NetworkReportSchema, report);
    const leftMs = report.change?.confirmLeftMs;
    if (leftMs !== undefined && !options.quiet)
      process.stderr.write(
        `Check that the guest can be reached. It restores its earlier network in ${formatDuration(leftMs / 1000)} unless you run: inn network confirm ${vm}\n`,
      );
  },
});

function parseRoute(text: string): { destination: string; gateway: string; metric: number } {
  const [, destination = '', gateway = '', metric = '0'] = /^([^=]+)=([^,]+)(?:,(.+))?$/.exec(text) ?? [];
  if (destination === '') throw new CliError(`--route: "${text}" is not a route; write 198.51.100.0/24=192.0.2.1`);
  return { destination, gateway, metric: parseCount(metric, '--route') };
}

function parseCount(text: string, what: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new CliError(`${what}: "${text}" is not a number`);
  return Number(text);
}

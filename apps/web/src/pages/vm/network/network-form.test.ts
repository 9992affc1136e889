import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { ConfiguredInterfaceSchema, NetworkReportSchema } from '@innkeeper/contract/agent';
import { formOf, formProblem, type NetworkForm, optionsOf, setNetworkCommand } from './network-form.ts';

const card = create(ConfiguredInterfaceSchema, {
  name: 'eth0',
  addresses: ['10.0.2.15/24', 'fec0::1/64'],
  routes: [{ destination: '0.0.0.0/0', gateway: '10.0.2.2' }],
});
const form = formOf(create(NetworkReportSchema, { dns: ['10.0.2.3'], search: ['lan'] }), card);
const withForm = (change: Partial<NetworkForm>): NetworkForm => ({ ...form, ...change });

describe('the form of a guest’s network', () => {
  it('the form begins with the present IPv4 address, gateway and name servers', () => {
    assert.deepEqual(
      [form.method4, form.addresses4, form.gateway4, form.dns, form.search, form.method6],
      ['static', '10.0.2.15/24', '10.0.2.2', '10.0.2.3', 'lan', 'auto'],
    );
  });

  it('what is sent has only what belongs to the chosen methods, and the command says the same', () => {
    const full = withForm({ addresses4: '10.0.2.7/24, 10.0.2.8/24', addresses6: '2001:db8::1/64', mtu: '1400' });
    assert.deepEqual(optionsOf(full).ipv4, {
      dhcp: false,
      addresses: ['10.0.2.7/24', '10.0.2.8/24'],
      gateway: '10.0.2.2',
    });
    assert.equal(
      setNetworkCommand('web 1', { ...full, confirmSeconds: 90, temporary: true, method6: 'static' }),
      "inn network set 'web 1' --interface eth0 --address 10.0.2.7/24 --address 10.0.2.8/24 --address 2001:db8::1/64 --gateway 10.0.2.2 --ipv6 static --dns 10.0.2.3 --search lan --mtu 1400 --confirm-within 90s --temporary",
    );
    const dhcp = withForm({ method4: 'dhcp', method6: 'dhcp', addresses6: '2001:db8::1/64' });
    assert.deepEqual(optionsOf(dhcp).ipv4, { dhcp: true, addresses: [], gateway: '' });
    assert.deepEqual(optionsOf(dhcp).ipv6?.addresses, []);
  });

  it('an address without a prefix, a static method without an address and no address at all are named', () => {
    assert.equal(formProblem(form), undefined);
    assert.match(formProblem(withForm({ addresses4: '10.0.2.7' })) ?? '', /10\.0\.2\.7 needs the length of its prefix/);
    assert.match(formProblem(withForm({ addresses4: ' ' })) ?? '', /IPv4 needs an address/);
    assert.match(formProblem(withForm({ method6: 'static' })) ?? '', /IPv6 needs an address/);
    assert.match(formProblem(withForm({ method4: 'none', addresses4: '' })) ?? '', /needs an IPv6 address/);
    assert.match(formProblem(withForm({ mtu: 'big' })) ?? '', /MTU/);
  });
});

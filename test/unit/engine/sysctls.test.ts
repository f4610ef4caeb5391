import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DEFAULT_HOST_CONFIG } from '../../../runtime/engine/host-config.js';
import { checkSysctls, dotted } from '../../../runtime/engine/sysctls.js';

const sysctls = suite('sysctls of a container');

const refused = (name: string, host: object = {}) => {
  try {
    checkSysctls({ ...DEFAULT_HOST_CONFIG, ...host, Sysctls: { [name]: '1' } });
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(/^.*sysctl /, '');
  }
};

sysctls('those of its own namespaces are taken, in both spellings', () => {
  for (const name of ['net.ipv4.ip_forward', 'net/ipv4/ip_forward', 'kernel.msgmax', 'fs.mqueue.msg_max'])
    assert.is(refused(name), undefined, name);
});

sysctls('those of the machine are refused', () => {
  assert.is(refused('kernel.panic'), '"kernel.panic" is not in a separate kernel namespace');
  assert.match(refused('vm.swappiness') ?? '', 'is not in a separate kernel namespace');
  assert.match(refused('net.ipv4.ip_forward', { NetworkMode: 'host' }) ?? '', 'not allowed in host network namespace');
  assert.match(refused('kernel.msgmax', { IpcMode: 'host' }) ?? '', 'is not allowed in the hosts ipc namespace');
});

sysctls('no name leads out of its folder', () => {
  for (const name of ['net.//.kernel.panic', 'net./.ipv4.x', 'net..kernel.panic', 'net/../kernel/panic', 'net.'])
    assert.match(refused(name) ?? '', 'is not in a separate kernel namespace', name);
});

sysctls('slashes and dots change places where a name begins with a slash', () => {
  assert.is(dotted('net/ipv4/conf/eth0.1/forwarding'), 'net.ipv4.conf.eth0/1.forwarding');
  assert.is(dotted('net.ipv4.conf.eth0/1.forwarding'), 'net.ipv4.conf.eth0/1.forwarding');
});

sysctls.run();

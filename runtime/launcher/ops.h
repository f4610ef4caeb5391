/*
 * The operations a launch program is made of: OP(code, name as programs spell it, function). A function reads its
 * fields in the order that runtime/launch/layouts.ts gives. Codes are never reused: 1-99 the container itself,
 * 100-149 networks.
 */
#ifndef OPS_H
#define OPS_H

#include "launcher.h"

#define OPS(OP) \
	OP(1, "dir.make", op_dir_make) \
	OP(2, "file.write", op_file_write) \
	OP(3, "symlink", op_symlink) \
	OP(4, "device.make", op_device_make) \
	OP(5, "remove", op_remove) \
	OP(6, "root.choose", op_root_choose) \
	OP(7, "root.pivot", op_root_pivot) \
	OP(8, "mount.overlay", op_mount_overlay) \
	OP(9, "mount.bind", op_mount_bind) \
	OP(10, "mount.fs", op_mount_fs) \
	OP(11, "mount.propagation", op_mount_propagation) \
	OP(12, "mount.readonly", op_mount_readonly) \
	OP(13, "mount.mask", op_mount_mask) \
	OP(14, "cgroup.make", op_cgroup_make) \
	OP(15, "cgroup.join", op_cgroup_join) \
	OP(16, "cgroup.devices", op_cgroup_devices) \
	OP(17, "namespace.join", op_namespace_join) \
	OP(18, "namespace.leave", op_namespace_leave) \
	OP(19, "container.join", op_container_join) \
	OP(21, "hostname", op_hostname) \
	OP(22, "rlimit", op_rlimit) \
	OP(23, "capabilities.bounding", op_capabilities_bounding) \
	OP(24, "capabilities.set", op_capabilities_set) \
	OP(25, "user", op_user) \
	OP(26, "nonewprivs", op_nonewprivs) \
	OP(27, "seccomp", op_seccomp) \
	OP(28, "chdir", op_chdir) \
	OP(29, "umask", op_umask) \
	OP(30, "oom.score", op_oom_score) \
	OP(31, "apparmor", op_apparmor) \
	OP(32, "keyring", op_keyring) \
	OP(33, "terminal", op_terminal) \
	OP(34, "wait.host", op_wait_host) \
	OP(35, "ready", op_ready) \
	OP(36, "exec", op_exec) \
	OP(37, "stdio.own", op_stdio_own) \
	OP(38, "mount.hold", op_mount_hold) \
	OP(39, "groups.ready", op_groups_ready) \
	OP(40, "wait.groups", op_wait_groups) \
	OP(41, "root.keep", op_root_keep) \
	OP(42, "mount.kept", op_mount_kept) \
	OP(43, "network.kept", op_network_kept) \
	OP(44, "user.make", op_user_make) \
	OP(45, "user.join", op_user_join) \
	OP(46, "dir.spread", op_dir_spread) \
	OP(50, "mount.verify", op_mount_verify) \
	OP(100, "netns.enter", op_netns_enter) \
	OP(101, "bridge.create", op_bridge_create) \
	OP(102, "veth.create", op_veth_create) \
	OP(103, "link.set", op_link_set) \
	OP(104, "link.delete", op_link_delete) \
	OP(105, "addr.add", op_addr_add) \
	OP(106, "route.add", op_route_add) \
	OP(107, "net.sysctl", op_net_sysctl) \
	OP(108, "port.listen", op_port_listen) \
	OP(109, "port.serve", op_port_serve) \
	OP(110, "conntrack.forget", op_conntrack_forget) \
	OP(111, "route.replace", op_route_replace) \
	OP(112, "port.take", op_port_take) \
	OP(113, "sockets.end", op_sockets_end) \
	OP(114, "port.join", op_port_join) \
	OP(115, "link.make", op_link_make)

#define OP(code, name, function) int function(struct context *c, struct reader *r);
OPS(OP)
#undef OP

#endif

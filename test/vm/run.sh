#!/bin/sh
# npm run test:vm: the promises that need a kernel with control groups v2 and AppArmor, tried in a virtual machine of
# Debian that boots as a person's machine does (systemd, an account, its user manager). Needs root, mmdebstrap,
# qemu-system-x86 and e2fsprogs; without /dev/kvm it is emulated. Prints a line a check and ends with 0 when all held.
# VM_DIR (/var/tmp/devenv-vm) keeps the machine's files for the next time; VM_ACCEL=kvm takes the hardware's help.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)
dir=${VM_DIR:-/var/tmp/devenv-vm}
mkdir -p "$dir"

packages=systemd,systemd-sysv,udev,dbus,dbus-user-session,libpam-systemd,apparmor,uidmap,passt,nftables,busybox-static
packages=$packages,iproute2,procps,kmod,curl,ca-certificates,libstdc++6,passwd,linux-image-cloud-amd64
if ! [ -e "$dir/root/vmlinuz" ]; then
	rm -rf "$dir/root"
	mmdebstrap --variant=minbase --include="$packages" bookworm "$dir/root.part" >"$dir/mmdebstrap.log" 2>&1 ||
		{ tail -5 "$dir/mmdebstrap.log" >&2; exit 1; }
	mv "$dir/root.part" "$dir/root"
fi

root=$dir/root
rm -rf "$root/opt/devenv"
mkdir -p "$root/opt/devenv/runtime/launcher" "$root/opt/vm"
cp "$(readlink -f "$(command -v node)")" "$root/usr/local/bin/node"
cp -r "$repo/package.json" "$repo/bin" "$repo/dist" "$repo/templates" "$repo/oclif.manifest.json" "$root/opt/devenv/"
cp -r "$repo/runtime/launcher/build" "$root/opt/devenv/runtime/launcher/build"
# Tools to build with are large, and not used in there.
tar -C "$repo" -ch --exclude=typescript --exclude='@typescript' --exclude='@biomejs' --exclude='@esbuild' node_modules |
	tar -C "$root/opt/devenv" -x
cp "$here"/*.sh "$root/opt/vm/"
cat >"$root/etc/systemd/system/devenv-vm.service" <<'UNIT'
[Unit]
After=multi-user.target apparmor.service systemd-logind.service
[Service]
Type=oneshot
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
ExecStart=/bin/sh /opt/vm/inside.sh
ExecStopPost=/bin/systemctl poweroff --force --force
[Install]
WantedBy=multi-user.target
UNIT
ln -sf /etc/systemd/system/devenv-vm.service "$root/etc/systemd/system/multi-user.target.wants/devenv-vm.service"
ln -sf /dev/null "$root/etc/systemd/system/serial-getty@ttyS0.service"
echo 'LABEL=devenv-vm / ext4 defaults 0 1' >"$root/etc/fstab"

rm -f "$dir/disk"
mke2fs -q -t ext4 -L devenv-vm -d "$root" "$dir/disk" 3G
timeout "${VM_SECONDS:-900}" qemu-system-x86_64 -M pc,accel="${VM_ACCEL:-tcg}" -cpu max -smp 2 -m 2048 -nographic -no-reboot \
	-drive "file=$dir/disk,format=raw,if=virtio,cache=unsafe" -nic user,model=virtio-net-pci \
	-kernel "$root/vmlinuz" -initrd "$root/initrd.img" \
	-append 'root=LABEL=devenv-vm rw console=ttyS0 quiet systemd.show_status=no net.ifnames=0' </dev/null |
	sed -u 's/\r//g' | tee "$dir/console" | sed -un 's/^vm: //p'
grep -q '^vm: [0-9]* tried, \([0-9]*\) held, 0 lost' "$dir/console"

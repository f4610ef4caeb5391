#!/bin/sh
# Runs in the machine that run.sh boots, as root. Prints "vm: " lines: one a check, and at the end how many were tried.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
devenv=/opt/devenv/bin/devenv
tried=0 lost=0

# check NAME WANTED TEXT: TEXT has to match the pattern of case(1).
check() {
	tried=$((tried + 1))
	case $3 in
	$2) echo "vm: held  $1" ;;
	*)
		lost=$((lost + 1))
		echo "vm: LOST  $1"
		echo "vm:         wanted: $2"
		echo "vm:         got: $(echo "$3" | tail -c 600)"
		;;
	esac
}

# An engine answers its own user alone: `as` is empty for root.
as=
api() { $as curl -s --max-time 60 --unix-socket "$socket" -X "$1" -H 'Content-Type: application/json' ${3:+-d "$3"} "http://d$2"; }
identity() { sed -n 's/.*"Id":"\([0-9a-f]*\)".*/\1/p'; }

# created HOSTCONFIG SCRIPT: the answer of the create.
created() {
	api POST /containers/create "{\"Image\":\"box:1\",\"Tty\":true,\"Cmd\":[\"sh\",\"-c\",\"$2\"],\"HostConfig\":{$1}}"
}

# inside HOSTCONFIG SCRIPT: what it prints, or why it did not start.
inside() {
	answer=$(created "$1" "$2")
	id=$(echo "$answer" | identity)
	[ "$id" ] || { echo "$answer"; return; }
	api POST "/containers/$id/start"
	api POST "/containers/$id/wait" >/dev/null
	api GET "/containers/$id/logs?stdout=1&stderr=1" | tr -d '\r'
	api DELETE "/containers/$id?force=1"
}

image() {
	mkdir -p /tmp/box/bin /tmp/box/tmp
	cp /bin/busybox /tmp/box/bin/
	for name in sh cat echo dd mount mknod sleep head tail id ls touch true; do ln -sf busybox /tmp/box/bin/$name; done
	tar -C /tmp/box -cf /tmp/box.tar .
	chmod 644 /tmp/box.tar
}

give_image() {
	$as curl -s --unix-socket "$socket" -H 'Content-Type: application/x-tar' --data-binary @/tmp/box.tar \
		'http://d/images/create?fromSrc=-&repo=box&tag=1' >/dev/null
}

limits() {
	check "$1: memory is limited" '33554432' "$(inside '"Memory":33554432' 'cat /sys/fs/cgroup/memory.max')"
	check "$1: what takes more is killed" '*Killed*' "$(inside '"Memory":16777216,"MemorySwap":16777216' 'dd if=/dev/zero of=/dev/null bs=64M count=1; echo over')"
	check "$1: processors are limited" '50000 100000' "$(inside '"NanoCpus":500000000' 'cat /sys/fs/cgroup/cpu.max')"
	check "$1: processes are limited" '*fork*' "$(inside '"PidsLimit":5' 'for i in 1 2 3 4 5 6 7 8; do sleep 3 & done; wait')"
}

root_engine() {
	socket=/run/devenv/engine.sock
	start $devenv || { cat /run/devenv/engine.log; return; }
	give_image
	check 'root: control groups are v2' '*"CgroupVersion":"2"*' "$(api GET /info)"
	limits root
	check 'root: a disk that is made inside cannot be read' '*not permitted*' \
		"$(inside '"CapAdd":["MKNOD"]' 'mknod /tmp/d b 254 0 && dd if=/tmp/d of=/dev/null count=1')"
	check 'root: the profile is on' 'devenv-default (enforce)' "$(inside '' 'cat /proc/self/attr/current')"
	check 'root: it is said' '*name=apparmor*' "$(api GET /info)"
	check 'root: it refuses mounts that capabilities allow' '*denied*' \
		"$(inside '"CapAdd":["SYS_ADMIN"],"SecurityOpt":["seccomp=unconfined"]' 'mount -t tmpfs x /tmp')"
	check 'root: it is left off' 'unconfined' "$(inside '"SecurityOpt":["apparmor=unconfined"]' 'cat /proc/self/attr/current')"
	check 'root: privileged has none' 'unconfined' "$(inside '"Privileged":true' 'cat /proc/self/attr/current')"
	check 'root: an unknown profile is refused' '*apparmor*no-such-profile*' \
		"$(inside '"SecurityOpt":["apparmor=no-such-profile"]' 'cat /proc/self/attr/current')"
	id=$(created '' 'sleep 100' | identity)
	api POST "/containers/$id/start"
	exec=$(api POST "/containers/$id/exec" '{"Cmd":["cat","/proc/self/attr/current"],"AttachStdout":true,"Tty":true}' | identity)
	check 'root: an exec has it too' 'devenv-default (enforce)*' "$(api POST "/exec/$exec/start" '{"Tty":true}' | tr -d '\r')"
	check 'root: inspect names it' '*"AppArmorProfile":"devenv-default"*' "$(api GET "/containers/$id/json")"
	api POST "/containers/$id/pause"
	check 'root: pauses' '*"Paused":true*' "$(api GET "/containers/$id/json")"
	api POST "/containers/$id/unpause"
	check 'root: figures of memory' '*"limit":*' "$(api GET "/containers/$id/stats?stream=0")"
	api DELETE "/containers/$id?force=1"
	$devenv engine stop --force
	check 'root: no group stays' '' "$(find /sys/fs/cgroup -maxdepth 2 -name 'devenv-[0-9a-f]*' | tr '\n' ' ')"
}

# start COMMAND...: an emulated machine may be slower than a command waits.
start() { "$@" engine start || { sleep 20; "$@" engine start; }; }

as_alice() { setpriv --reuid=alice --regid=alice --init-groups -- env HOME=/home/alice USER=alice PATH="$PATH" "$@"; }

user_engine() {
	useradd --create-home --shell /bin/sh alice
	loginctl enable-linger alice
	uid=$(id -u alice)
	for i in $(seq 100); do [ -S /run/user/$uid/systemd/private ] && break; sleep 0.2; done
	bus="XDG_RUNTIME_DIR=/run/user/$uid"
	socket=/run/user/$uid/devenv/engine.sock
	check 'user: root is no user of it' '*its own user alone*' "$(start as_alice env $bus $devenv >/dev/null; api GET /info)"
	as=as_alice
	start as_alice env $bus $devenv || { cat /run/user/$uid/devenv/engine.log; return; }
	give_image
	limits 'user, delegated groups'
	id=$(created '"Memory":33554432' 'sleep 100' | identity)
	api POST "/containers/$id/start"
	kill -9 "$(cat /run/user/$uid/devenv/engine.pid)"
	start as_alice env $bus $devenv
	check 'user: the next engine has them still' '*"limit":33554432*' "$(api GET "/containers/$id/stats?stream=0")"
	api DELETE "/containers/$id?force=1"
	check 'user: no profile can be had, and none is said' 'unconfined' "$(inside '' 'cat /proc/self/attr/current')"
	as_alice env $bus $devenv engine stop --force

	run=/home/alice/run
	socket=$run/engine.sock
	start as_alice env DEVENV_RUNTIME_DIR=$run $devenv || cat $run/engine.log
	give_image
	check 'user, no groups: a limit is left off with a warning' '*Limitation discarded*' "$(created '"Memory":33554432' 'true')"
	as_alice env DEVENV_RUNTIME_DIR=$run $devenv engine stop --force

	sysctl -q -w kernel.unprivileged_userns_clone=0
	check 'user: no user namespaces, said by the command' '*unprivileged_userns_clone*' \
		"$(as_alice env DEVENV_RUNTIME_DIR=$run $devenv engine start 2>&1)"
	check 'user: no user namespaces, said by doctor' '*unprivileged_userns_clone*' \
		"$(as_alice env DEVENV_RUNTIME_DIR=$run $devenv doctor 2>&1)"
}

echo "vm: Linux $(uname -r)"
image
root_engine
user_engine
echo "vm: $tried tried, $((tried - lost)) held, $lost lost"

/* The floor: what the kernel itself takes to make a container and reap it. The same namespaces, overlay root, veth and
 * masks as a container of ours, then execve of /bin/true; no logs, no protocol, no state. Prints one line of microseconds a run.
 * usage: floor LOWER SCRATCH BRIDGE RUNS   (LOWER holds bin/true) */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what) {
  fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
  _exit(1);
}

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

struct message {
  struct nlmsghdr head;
  struct ifinfomsg info;
  char rest[512];
};

static struct rtattr *attribute(struct message *m, int type, const void *data, int size) {
  struct rtattr *a = (struct rtattr *)((char *)m + NLMSG_ALIGN(m->head.nlmsg_len));
  a->rta_type = type;
  a->rta_len = RTA_LENGTH(size);
  if (size) memcpy(RTA_DATA(a), data, size);
  m->head.nlmsg_len = NLMSG_ALIGN(m->head.nlmsg_len) + RTA_ALIGN(a->rta_len);
  return a;
}

static void close_nest(struct message *m, struct rtattr *nest) {
  nest->rta_len = (char *)m + m->head.nlmsg_len - (char *)nest;
}

static void make_veth(const char *outside, int bridge, pid_t pid) {
  struct message m = {.head = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)), .nlmsg_type = RTM_NEWLINK,
                               .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK},
                      .info = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP}};
  attribute(&m, IFLA_IFNAME, outside, strlen(outside) + 1);
  attribute(&m, IFLA_MASTER, &bridge, sizeof bridge);
  struct rtattr *link = attribute(&m, IFLA_LINKINFO, NULL, 0);
  attribute(&m, IFLA_INFO_KIND, "veth", 5);
  struct rtattr *data = attribute(&m, IFLA_INFO_DATA, NULL, 0);
  struct rtattr *peer = attribute(&m, VETH_INFO_PEER, NULL, 0);
  m.head.nlmsg_len += sizeof(struct ifinfomsg);
  memset((char *)RTA_DATA(peer), 0, sizeof(struct ifinfomsg));
  attribute(&m, IFLA_IFNAME, "eth0", 5);
  attribute(&m, IFLA_NET_NS_PID, &pid, sizeof pid);
  close_nest(&m, peer);
  close_nest(&m, data);
  close_nest(&m, link);
  int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  char answer[1024];
  if (s < 0 || send(s, &m, m.head.nlmsg_len, 0) < 0 || recv(s, answer, sizeof answer, 0) < 0) die("netlink");
  struct nlmsgerr *e = NLMSG_DATA((struct nlmsghdr *)answer);
  if (e->error) {
    errno = -e->error;
    die("veth");
  }
  close(s);
}

static void inside(const char *lower, const char *scratch) {
  char options[1024], root[256];
  snprintf(root, sizeof root, "%s/root", scratch);
  snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s/upper,workdir=%s/work", lower, scratch, scratch);
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) die("private");
  if (mount("overlay", root, "overlay", 0, options)) die("overlay");
  if (chdir(root)) die("chdir");
  mkdir("proc", 0755), mkdir("sys", 0755), mkdir("dev", 0755);
  if (mount("proc", "proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL)) die("proc");
  if (mount("sysfs", "sys", "sysfs", MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY, NULL)) die("sysfs");
  if (mount("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=755,size=65536k")) die("dev");
  if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/")) die("pivot_root");
  if (mount("tmpfs", "/proc/scsi", "tmpfs", MS_RDONLY, NULL) && errno != ENOENT) die("mask");
  if (sethostname("floor", 5)) die("hostname");
  execl("/bin/true", "true", NULL);
  die("exec");
}

static void one(const char *lower, const char *scratch, int bridge, int round) {
  const char *parts[] = {"", "/upper", "/work", "/root"};
  char path[512], veth[16], byte = 0;
  for (int i = 0; i < 4; i++) {
    snprintf(path, sizeof path, "%s/%d%s", scratch, round, parts[i]);
    mkdir(path, 0755);
  }
  snprintf(path, sizeof path, "%s/%d", scratch, round);
  snprintf(veth, sizeof veth, "fl%d-%d", (int)getpid() % 100000, round);
  int gate[2];
  if (pipe2(gate, O_CLOEXEC)) die("pipe");
  pid_t pid = syscall(SYS_clone, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | SIGCHLD, 0, 0, 0, 0);
  if (pid < 0) die("clone");
  if (!pid) {
    close(gate[1]);
    if (read(gate[0], &byte, 1) != 1) die("gate");
    inside(lower, path);
  }
  close(gate[0]);
  make_veth(veth, bridge, pid);
  if (write(gate[1], &byte, 1) != 1) die("gate");
  close(gate[1]);
  int status;
  if (waitpid(pid, &status, 0) != pid || status) die("wait");
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int bridge = if_nametoindex(argv[3]);
  if (!bridge) die(argv[3]);
  for (int round = 0; round < atoi(argv[4]); round++) {
    double began = now_us();
    one(argv[1], argv[2], bridge, round);
    printf("%.0f\n", now_us() - began);
  }
  return 0;
}

/** Users and groups by the container's own /etc/passwd and /etc/group, as Docker looks them up. Pure. */
import { EngineError } from '../errors.js';

export interface AccountFiles {
  /** Text of etc/passwd, empty when there is none. */
  readonly passwd: string;
  readonly group: string;
}

export interface Identity {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly home: string;
}

interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

const MAX_ID = 2 ** 31 - 1;

function parseUsers(text: string): User[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , uid = '', gid = '', , home = ''] = line.split(':');
    return /^\d+$/.test(uid) && /^\d+$/.test(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home }] : [];
  });
}

function parseGroups(text: string): Group[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , gid = '', members = ''] = line.split(':');
    return /^\d+$/.test(gid) ? [{ name, gid: Number(gid), members: members.split(',').filter(Boolean) }] : [];
  });
}

/**
 * `user` is `NAME|UID[:GROUP|GID]` or empty, which is root. A name that is not in the files is refused, a number is not.
 * Without a group part the user's own further groups are taken. Throws `invalid` with Docker's sentence.
 */
export function lookUpIdentity(files: AccountFiles, user: string, groupAdd: readonly string[]): Identity {
  const users = parseUsers(files.passwd);
  const groups = parseGroups(files.group);
  const [userPart = '', groupPart] = splitUser(user);
  const found =
    users.find((one) => one.name === userPart) ?? users.find((one) => String(one.uid) === (userPart || '0'));
  const uid =
    found?.uid ?? numericId(userPart || '0', `unable to find user ${userPart}: no matching entries in passwd file`);
  const further = groupAdd.map((name) => findGroup(groups, name));
  if (groupPart !== undefined && groupPart !== '')
    return identity(uid, findGroup(groups, groupPart), further, found?.home);
  const gid = found?.gid ?? 0;
  const own = found === undefined ? [] : groups.filter((one) => one.members.includes(found.name)).map((one) => one.gid);
  return identity(uid, gid, [...own, ...further], found?.home);
}

/** The main group is among the further ones, so that dropping it by setgid takes no permission away (CVE-2022-36109). */
function identity(uid: number, gid: number, further: readonly number[], home: string | undefined): Identity {
  return { uid, gid, groups: [...new Set([gid, ...further])], home: home || '/' };
}

function splitUser(user: string): [string, string | undefined] {
  const colon = user.indexOf(':');
  return colon < 0 ? [user, undefined] : [user.slice(0, colon), user.slice(colon + 1)];
}

function findGroup(groups: readonly Group[], name: string): number {
  const found = groups.find((one) => one.name === name);
  return found?.gid ?? numericId(name, `unable to find group ${name}: no matching entries in group file`);
}

function numericId(text: string, complaint: string): number {
  if (!/^-?\d+$/.test(text)) throw new EngineError('invalid', complaint);
  const id = Number(text);
  if (id < 0 || id > MAX_ID) throw new EngineError('invalid', `uids and gids must be in range 0-${MAX_ID}`);
  return id;
}

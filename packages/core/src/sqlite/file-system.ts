/** Refuses network file systems: their locks do not hold between machines, and WAL needs memory that processes share. */
import { readFileSync } from "node:fs";
import { CeleriacError } from "../errors.ts";

const networkTypes = new Set(
  "nfs nfs3 nfs4 cifs smb smbfs smb2 smb3 afs ceph 9p lustre gpfs beegfs glusterfs ocfs2 gfs2 davfs coda ncpfs acfs pvfs2 orangefs".split(
    " ",
  ),
);
const networkFuse = /^fuse\.(sshfs|glusterfs|ceph|s3fs|gcsfuse|rclone|davfs2?|juicefs|mfs|moosefs|goofys|blobfuse2?|nfs|smb.*|cvmfs2?)$/;

/** The type of the network file system that `path` (absolute, no links) lies on, or null. `mounts` is the text of /proc/self/mounts. */
export function networkFileSystemOf(path: string, mounts: string): string | null {
  let longest = "";
  let type = "";
  for (const line of mounts.split("\n")) {
    const [, escaped, mounted] = line.split(" ");
    if (escaped === undefined || mounted === undefined) continue;
    // The kernel writes blanks and backslashes in paths as octal.
    const point = escaped.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    const covers = point === "/" || path === point || path.startsWith(`${point}/`);
    // A later line of the same point lies above the earlier one.
    if (covers && point.length >= longest.length) [longest, type] = [point, mounted];
  }
  return networkTypes.has(type) || networkFuse.test(type) ? type : null;
}

/** Throws STORE_NETWORK. Where the system has no /proc (macOS, Windows) nothing can be told and nothing is refused. */
export function refuseNetworkFileSystem(path: string): void {
  let mounts: string;
  try {
    mounts = readFileSync("/proc/self/mounts", "utf8");
  } catch {
    return;
  }
  const type = networkFileSystemOf(path, mounts);
  if (type !== null) throw new CeleriacError("STORE_NETWORK", `${path} lies on a network file system (${type}): expected a local disk`);
}

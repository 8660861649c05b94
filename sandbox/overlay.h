/* A directory in which an overlay's changes are kept: what `--overlay DIR:upper=THIS` makes and
 * `guise diff THIS` reads. */
#ifndef GUISE_OVERLAY_H
#define GUISE_OVERLAY_H

#define OVERLAY_CHANGES "changes" /* what is new or different, as overlayfs(5) keeps it */
#define OVERLAY_WORK "work" /* the kernel's own */
#define OVERLAY_ORIGIN "origin" /* a file: the path of what was changed */

/* Opens such a directory and locks it, for this process and its children: a descriptor, or
 * -errno; -EWOULDBLOCK if it is in use. */
int overlay_lock(const char *path);

#endif

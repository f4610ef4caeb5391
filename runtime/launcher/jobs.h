/*
 * The jobs that the engine may ask for: JOB(code, function). Codes are the kind of the request frame, and known to
 * runtime/launch/wire.ts under the function's name.
 */
#ifndef JOBS_H
#define JOBS_H

#include "launcher.h"

#define JOBS(JOB) \
	JOB(1, job_container) \
	JOB(2, job_run) \
	JOB(3, job_spawn) \
	JOB(4, job_unpack) \
	JOB(5, job_pack) \
	JOB(6, job_sync) \
	JOB(7, job_pack_gzip) \
	JOB(8, job_copy) \
	JOB(9, job_digest) \
	JOB(10, job_peers) \
	JOB(11, job_capabilities)

#define JOB(code, function) int function(int fd, struct request *r);
JOBS(JOB)
#undef JOB

#endif

//! What the reading process gives up before it looks at a file.

use std::io;

use rlimit::Resource;

const ADDRESS_SPACE: u64 = 512 << 20;
/// Seconds. At the first the process is told, at the second it is killed.
const CPU: (u64, u64) = (20, 21);

/// Bounds memory and computing, and takes away files: those that are open stay open.
pub(super) fn limit_resources() -> io::Result<()> {
    Resource::AS.set(ADDRESS_SPACE, ADDRESS_SPACE)?;
    Resource::CPU.set(CPU.0, CPU.1)?;
    Resource::CORE.set(0, 0)?;
    Resource::FSIZE.set(0, 0)?;
    // Input, output and errors are 0, 1 and 2.
    Resource::NOFILE.set(3, 3)
}

/// Leaves only the system calls that computing needs: no file, no socket, no process, no way back.
#[cfg(target_os = "linux")]
pub(super) fn close() -> io::Result<()> {
    linux::apply(linux::needed()?)
}

/// What a program of others may take that looks at one page: it opens files to read them, and keeps
/// nothing, starts nothing and reaches no network.
pub(crate) fn confine() -> io::Result<()> {
    const MEMORY: u64 = 1 << 30;
    const SECONDS: (u64, u64) = (60, 61);
    Resource::AS.set(MEMORY, MEMORY)?;
    Resource::CPU.set(SECONDS.0, SECONDS.1)?;
    Resource::CORE.set(0, 0)?;
    Resource::FSIZE.set(0, 0)?;
    Resource::NOFILE.set(64, 64)?;
    narrow()
}

/// Leaves computing and reading, for this process and for the program that it becomes.
#[cfg(target_os = "linux")]
fn narrow() -> io::Result<()> {
    linux::apply(linux::reading()?)
}

/// Other systems have the limits alone.
#[cfg(not(target_os = "linux"))]
fn narrow() -> io::Result<()> {
    Ok(())
}

/// Other systems have the limits alone.
#[cfg(not(target_os = "linux"))]
pub(super) fn close() -> io::Result<()> {
    Ok(())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;
    use std::io;

    use seccompiler::{
        SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, TargetArch, apply_filter,
    };

    /// Memory, threads, time, and the three streams that are open.
    const FREE: [i64; 30] = [
        libc::SYS_brk,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_close,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_fstat,
        libc::SYS_futex,
        libc::SYS_getpid,
        libc::SYS_getrandom,
        libc::SYS_gettid,
        libc::SYS_lseek,
        libc::SYS_madvise,
        libc::SYS_mmap,
        libc::SYS_mprotect,
        libc::SYS_mremap,
        libc::SYS_munmap,
        libc::SYS_nanosleep,
        libc::SYS_read,
        libc::SYS_restart_syscall,
        libc::SYS_rseq,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sched_getaffinity,
        libc::SYS_sched_yield,
        libc::SYS_set_robust_list,
        libc::SYS_sigaltstack,
        libc::SYS_write,
        libc::SYS_writev,
    ];

    /// What the start of a program and the reading of files take besides.
    const READING: [i64; 26] = [
        libc::SYS_execve,
        libc::SYS_set_tid_address,
        libc::SYS_faccessat,
        libc::SYS_faccessat2,
        libc::SYS_newfstatat,
        libc::SYS_statx,
        libc::SYS_statfs,
        libc::SYS_fstatfs,
        libc::SYS_readlinkat,
        libc::SYS_getdents64,
        libc::SYS_getcwd,
        libc::SYS_pread64,
        libc::SYS_readv,
        libc::SYS_fcntl,
        libc::SYS_dup,
        libc::SYS_dup3,
        libc::SYS_ioctl,
        libc::SYS_fadvise64,
        libc::SYS_uname,
        libc::SYS_sysinfo,
        libc::SYS_getuid,
        libc::SYS_geteuid,
        libc::SYS_getgid,
        libc::SYS_getegid,
        libc::SYS_getppid,
        libc::SYS_getrusage,
    ];

    /// The older forms of the same calls.
    #[cfg(target_arch = "x86_64")]
    const OLDER: [i64; 8] = [
        libc::SYS_arch_prctl,
        libc::SYS_access,
        libc::SYS_stat,
        libc::SYS_lstat,
        libc::SYS_readlink,
        libc::SYS_dup2,
        libc::SYS_time,
        libc::SYS_gettimeofday,
    ];
    #[cfg(not(target_arch = "x86_64"))]
    const OLDER: [i64; 0] = [];

    type Rules = BTreeMap<i64, Vec<SeccompRule>>;

    /// Holds this process, and whatever it becomes, to these calls.
    pub(super) fn apply(rules: Rules) -> io::Result<()> {
        let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
        let refuse = |error: i32| SeccompAction::Errno(error.unsigned_abs());
        let filters = [
            // Its flags lie in memory, where no filter sees them. The C library then falls back to clone.
            SeccompFilter::new(
                [(libc::SYS_clone3, vec![])].into(),
                SeccompAction::Allow,
                refuse(libc::ENOSYS),
                arch,
            ),
            SeccompFilter::new(rules, refuse(libc::EPERM), SeccompAction::Allow, arch),
        ];
        for filter in filters {
            let program: seccompiler::BpfProgram =
                filter.and_then(TryInto::try_into).map_err(io::Error::other)?;
            apply_filter(&program).map_err(io::Error::other)?;
        }
        Ok(())
    }

    /// [`needed`], and what reading takes. Files open for reading alone.
    pub(super) fn reading() -> io::Result<Rules> {
        let mut rules = needed()?;
        rules.extend(READING.into_iter().chain(OLDER).map(|call| (call, vec![])));
        let to_read = |argument| {
            let mode = u64::from(libc::O_ACCMODE.unsigned_abs());
            only_if(
                argument,
                SeccompCmpOp::MaskedEq(mode),
                u64::from(libc::O_RDONLY.unsigned_abs()),
            )
        };
        rules.insert(libc::SYS_openat, vec![to_read(2)?]);
        #[cfg(target_arch = "x86_64")]
        rules.insert(libc::SYS_open, vec![to_read(1)?]);
        Ok(rules)
    }

    pub(super) fn needed() -> io::Result<Rules> {
        let mut rules: Rules = FREE.into_iter().map(|call| (call, vec![])).collect();
        let thread = (libc::CLONE_VM | libc::CLONE_THREAD) as u64;
        rules.insert(libc::SYS_clone, vec![only_if(0, SeccompCmpOp::MaskedEq(thread), thread)?]);
        // The other filter answers it.
        rules.insert(libc::SYS_clone3, vec![]);
        // Limits may be asked for, not changed: the new ones are null.
        rules.insert(libc::SYS_prlimit64, vec![only_if(2, SeccompCmpOp::Eq, 0)?]);
        // An abort, and nobody else's.
        let own = u64::from(std::process::id());
        rules.insert(libc::SYS_tgkill, vec![only_if(0, SeccompCmpOp::Eq, own)?]);
        Ok(rules)
    }

    fn only_if(argument: u8, is: SeccompCmpOp, value: u64) -> io::Result<SeccompRule> {
        let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Qword, is, value);
        condition.and_then(|condition| SeccompRule::new(vec![condition])).map_err(io::Error::other)
    }
}

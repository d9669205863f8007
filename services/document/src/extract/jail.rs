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
    use seccompiler::{SeccompAction, SeccompFilter, TargetArch, apply_filter};

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
        SeccompFilter::new(linux::needed()?, refuse(libc::EPERM), SeccompAction::Allow, arch),
    ];
    for filter in filters {
        let program: seccompiler::BpfProgram =
            filter.and_then(TryInto::try_into).map_err(io::Error::other)?;
        apply_filter(&program).map_err(io::Error::other)?;
    }
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

    use seccompiler::{SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};

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

    type Rules = BTreeMap<i64, Vec<SeccompRule>>;

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

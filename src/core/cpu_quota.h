// How much of the machine the control groups of this process grant it.
#pragma once

#include <string>

namespace intrain {

// The smallest of the limits of the process's own group and those above it, as far as they can be seen, in cores: quota / period rounded
// up, at least 1; INT_MAX if none is set. Of version 2 they stand in cpu.max ("QUOTA PERIOD" or "max PERIOD"), of version 1 in
// cpu.cfs_quota_us (-1: none) and cpu.cfs_period_us of the controller cpu. root: where the file system begins; files that are missing or
// hold anything else set no limit.
int cpu_quota(const std::string& root);

}  // namespace intrain

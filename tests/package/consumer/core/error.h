// Has the name of one of intrain's headers.
#pragma once

constexpr int kErrorOfTheConsumer = 1;

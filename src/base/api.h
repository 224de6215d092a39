// INTRAIN_API marks what libintrain.so exports. All else is compiled with hidden visibility and stays inside.
#pragma once

#define INTRAIN_API __attribute__((visibility("default")))

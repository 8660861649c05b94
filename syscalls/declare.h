/* The translators that rows name, declared from the rows themselves:
 *
 *     #define ROWS "personalities/SYSTEM/syscalls.def"
 *     #include "syscalls/declare.h"
 *
 * The words a row is written with (abi.h) mean only this while it is read.  No guard: it is
 * included once for each list.
 */
#include "syscalls/abi.h"

#pragma push_macro("SAME")
#pragma push_macro("CALL")
#pragma push_macro("TODO")
#pragma push_macro("REFUSED")
#pragma push_macro("PARTLY")
#pragma push_macro("FLAGS")
#pragma push_macro("FAILED")
#pragma push_macro("SYS")
#undef SAME
#undef CALL
#undef TODO
#undef REFUSED
#undef PARTLY
#undef FLAGS
#undef FAILED
#undef SYS
#define SAME(n)
#define CALL(fn, ...) long call_##fn(struct call *c);
#define TODO(why)
#define REFUSED(err, why)
#define PARTLY(why)
#define FLAGS(f)
#define FAILED(fn)
#define SYS(nr, nm, how, res, ...) how
#include ROWS
#pragma pop_macro("SAME")
#pragma pop_macro("CALL")
#pragma pop_macro("TODO")
#pragma pop_macro("REFUSED")
#pragma pop_macro("PARTLY")
#pragma pop_macro("FLAGS")
#pragma pop_macro("FAILED")
#pragma pop_macro("SYS")
#undef ROWS

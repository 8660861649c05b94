/* Goes over to 32-bit code by a far call and makes a 32-bit Linux call there: write(1, "BREACH").
 * The same with int 0x80 from 64-bit code.  Outside it prints BREACH, or the test shows nothing. */
#include "tests/guest/guest.h"

#define LOW 0x20000000UL /* code and stack must be below 4 GiB there */

#ifdef NATIVE
enum { ANONYMOUS = 0x20 | 0x10 | 2 };
#define MAP __NR_mmap
#else
enum { ANONYMOUS = 0x1000 | 0x10 | 2 };
#define MAP SYS_mmap
#endif

/* mov $4,%eax; mov $1,%ebx; mov $text,%ecx; mov $7,%edx; int $0x80; lret */
static const unsigned char code[] = {0xb8, 4, 0,    0,	  0, 0xbb, 1, 0, 0,    0,    0xb9, 0,
				     2,	   0, 0x20, 0xba, 7, 0,	   0, 0, 0xcd, 0x80, 0xcb};
static const char text[] = "BREACH\n";

void test(int argc, char **argv, char **envp)
{
	long at = sys(MAP, LOW, 8192, 7, ANONYMOUS, -1, 0);

	CHECK(1, at == (long)LOW);
	memcpy((char *)LOW, code, sizeof code);
	memcpy((char *)LOW + 0x200, text, sizeof text);
	if (argc > 1) {
		long r;
		__asm__ volatile("int $0x80"
				 : "=a"(r)
				 : "0"(4L), "b"(1L), "c"(LOW + 0x200), "d"(7L)
				 : "memory", "r8", "r9", "r10", "r11");
		quit(r == 7 ? 50 : 51);
	}
	struct {
		uint32_t offset;
		uint16_t selector;
	} __attribute__((packed)) target = {LOW, 0x23}; /* __USER32_CS of asm/segment.h */
	__asm__ volatile("mov %%rsp, %%r12\n"
			 "mov %0, %%rsp\n"
			 "lcall *(%1)\n"
			 "mov %%r12, %%rsp\n"
			 :
			 : "r"(LOW + 8000), "r"(&target)
			 : "memory", "rax", "rbx", "rcx", "rdx", "r12", "r8", "r9", "r10", "r11");
	quit(50);
}

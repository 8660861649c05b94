// A program without even the core library, which no compiler brings for this target: it prints
// a line and exits with the number of its arguments, by FreeBSD's own calls (sys/syscall.h, 14).
#![feature(no_core, lang_items, rustc_attrs)]
#![allow(internal_features, dead_code)]
#![no_core]
#![no_main]

#[lang = "pointee_sized"]
pub trait PointeeSized {}
#[lang = "meta_sized"]
pub trait MetaSized: PointeeSized {}
#[lang = "sized"]
pub trait Sized: MetaSized {}

#[rustc_builtin_macro]
macro_rules! global_asm {
    () => {};
}

global_asm!(
    ".globl _start",
    "_start:",
    "mov (%rdi), %rbx",
    "mov $1, %edi",
    "lea text(%rip), %rsi",
    "mov $19, %edx",
    "mov $4, %eax", // write
    "syscall",
    "lea -1(%rbx), %rdi",
    "mov $1, %eax", // exit
    "syscall",
    "text: .ascii \"run by its runner.\\n\"",
    options(att_syntax)
);

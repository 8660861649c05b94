module tools

go 1.19

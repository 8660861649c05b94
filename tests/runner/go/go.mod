module example.org/runner
go 1.19

module chain

go 1.19

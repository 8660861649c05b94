module guise/tests/mixed

go 1.19

// Whether a dashboard is as Grafana defines it: its only argument is the file.
//
// A field that Grafana does not know, a panel without its options, and a value that it would refuse are faults.
package main

import (
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func main() {
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	plugins.RegisterDefaultPlugins()
	var read dashboard.Dashboard
	err = read.UnmarshalJSONStrict(text)
	// It returns a list of faults, which is an error even while it is empty.
	if faults, isList := err.(cog.BuildErrors); err == nil || isList && len(faults) == 0 {
		return read.Validate()
	}
	return err
}

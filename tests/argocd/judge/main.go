// What Argo CD and kstatus make of objects: each reads its own settings, and runs its own code.
//
// The arguments are three files: the ConfigMap argocd-cm, the ConfigMap argocd-notifications-cm, and argocd-cm once
// more, with links. Each line of the input is a case: an object, and perhaps a resource action that is run on it. Each
// line of the output is the verdict on the case in its place.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"github.com/argoproj/argo-cd/v3/util/settings"
	"github.com/argoproj/gitops-engine/pkg/health"
	jsonpatch "github.com/evanphx/json-patch"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/fake"
	kstatus "sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/yaml"
)

const namespace = "argocd"

type task struct {
	Object json.RawMessage `json:"object"`
	Action string          `json:"action"`
}

type verdict struct {
	Health  *health.HealthStatus `json:"health,omitempty"`
	KStatus *kstatus.Result      `json:"kstatus,omitempty"`
	// The resource actions, and whether each is offered.
	Actions map[string]bool `json:"actions,omitempty"`
	Told    *told           `json:"told,omitempty"`
	// What an action changes: a JSON merge patch, as Argo CD's server sends it.
	Patch json.RawMessage `json:"patch,omitempty"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(1)
	}
}

func run() error {
	overrides, err := readOverrides(os.Args[1])
	if err != nil {
		return err
	}
	teller, err := newTeller(os.Args[2], os.Args[3])
	if err != nil {
		return err
	}
	input := bufio.NewReader(os.Stdin)
	output := json.NewEncoder(os.Stdout)
	for decoder := json.NewDecoder(input); decoder.More(); {
		var task task
		if err := decoder.Decode(&task); err != nil {
			return err
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(task.Object); err != nil {
			return err
		}
		judge := teller.lookAt
		if task.Action != "" {
			judge = func(object *unstructured.Unstructured, vm lua.VM) (*verdict, error) {
				return act(object, task.Action, vm)
			}
		}
		verdict, err := judge(object, lua.VM{ResourceOverrides: overrides})
		if err != nil {
			return fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
		if err := output.Encode(verdict); err != nil {
			return err
		}
	}
	return nil
}

// readOverrides has Argo CD read its own ConfigMap.
func readOverrides(file string) (map[string]v1alpha1.ResourceOverride, error) {
	config, err := readConfigMap(file)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return settings.NewSettingsManager(ctx, fake.NewClientset(config), namespace).GetResourceOverrides()
}

func readConfigMap(file string) (*corev1.ConfigMap, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	config := &corev1.ConfigMap{}
	if err := yaml.UnmarshalStrict(text, config); err != nil {
		return nil, err
	}
	config.Namespace = namespace
	// Argo CD overlooks a ConfigMap without it; in a cluster it is there before ours is merged into it.
	config.Labels = map[string]string{"app.kubernetes.io/part-of": "argocd"}
	return config, nil
}

func (it *teller) lookAt(object *unstructured.Unstructured, vm lua.VM) (*verdict, error) {
	argo, err := health.GetResourceHealth(object, lua.ResourceHealthOverrides(vm.ResourceOverrides))
	if err != nil {
		return nil, err
	}
	result, err := kstatus.Compute(object)
	if err != nil {
		return nil, err
	}
	discovery, err := vm.GetResourceActionDiscovery(object)
	if err != nil {
		return nil, err
	}
	offered, err := vm.ExecuteResourceActionDiscovery(object, discovery)
	if err != nil {
		return nil, err
	}
	actions := map[string]bool{}
	for _, action := range offered {
		actions[action.Name] = !action.Disabled
	}
	told, err := it.tell(object, argo)
	if err != nil {
		return nil, err
	}
	return &verdict{Health: argo, KStatus: result, Actions: actions, Told: told}, nil
}

func act(object *unstructured.Unstructured, name string, vm lua.VM) (*verdict, error) {
	action, err := vm.GetResourceAction(object, name)
	if err != nil {
		return nil, err
	}
	impacted, err := vm.ExecuteResourceAction(object, action.ActionLua, nil)
	if err != nil {
		return nil, err
	}
	if len(impacted) != 1 || impacted[0].K8SOperation != lua.PatchOperation {
		return nil, fmt.Errorf("%s does something else than to patch its object", name)
	}
	before, err := object.MarshalJSON()
	if err != nil {
		return nil, err
	}
	after, err := impacted[0].UnstructuredObj.MarshalJSON()
	if err != nil {
		return nil, err
	}
	patch, err := jsonpatch.CreateMergePatch(before, after)
	return &verdict{Patch: patch}, err
}
